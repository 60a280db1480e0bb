import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { baseImage, certificatesInside } from './docker-daemon.ts'
import { repository } from '../../tests/e2e/test-berth.ts'

/** The same application for docker: dependencies before the source, downloads in cache mounts, as its manual advises. */
const dockerfile = `FROM ${baseImage}
ARG COLD
RUN rm -f /etc/apt/apt.conf.d/docker-clean; echo cold $COLD
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && apt-get install -y --no-install-recommends python3 python3-venv
WORKDIR /app
COPY requirements.txt .
ENV PIP_CERT=${certificatesInside}
RUN --mount=type=cache,target=/root/.cache/pip python3 -m venv venv && venv/bin/pip install -r requirements.txt
COPY webapp.py .
ENV GREETING=hello PYTHONUNBUFFERED=1
USER 10001
CMD ["venv/bin/gunicorn", "-b", "0.0.0.0:8000", "webapp:app"]
`

export interface Copy {
  readonly parent: string
  readonly name: string
  /** More files, such as a compose file. */
  readonly files?: Readonly<Record<string, string>>
}

/** A copy of the application of a peer's own, with a Dockerfile. */
export async function copyApplication({ parent, name, files = {} }: Copy): Promise<string> {
  const folder = join(parent, name)
  await mkdir(parent, { recursive: true })
  await cp(join(repository, 'examples/flask'), folder, { recursive: true })
  for (const [path, text] of Object.entries({ Dockerfile: dockerfile, ...files })) {
    await writeFile(join(folder, path), text)
  }
  return folder
}
