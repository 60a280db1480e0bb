import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { TestBerth } from './test-berth.ts'

describe('the HEALTHCHECK of a Dockerfile', () => {
  let berth: TestBerth
  let folder: string
  before(async () => {
    berth = await TestBerth.create()
    folder = await berth.folder('examples/dockerfiles/nginx')
    await writeFile(join(folder, 'berth.toml'), 'name = "shop"\n')
    await appendFile(
      join(folder, 'Dockerfile'),
      'HEALTHCHECK CMD test -f /srv/site/index.html && test "$PORT" = 8080\n',
    )
  })
  after(() => berth[Symbol.asyncDispose]())

  const change = async (before: RegExp, after: string) => {
    const path = join(folder, 'Dockerfile')
    await writeFile(path, (await readFile(path, 'utf8')).replace(before, after))
  }

  it('lets a release serve when its command ends well inside the sandbox', async () => {
    const { last } = await berth.events('deploy', folder)
    assert.ok(last.kind === 'deployed', JSON.stringify(last))
    assert.equal((await berth.get('shop')).status, 200)
  })

  it('keeps a release from serving when it does not, and says what it said', async () => {
    await change(/^HEALTHCHECK .*$/m, 'HEALTHCHECK --start-period=1s CMD echo not well; exit 3')
    await writeFile(join(folder, 'berth.toml'), 'name = "shop"\n[start]\nhealth_timeout = 20\n')
    const problem = await berth.problem('deploy', folder)
    assert.equal(problem.code, 'start-unhealthy')
    assert.match(problem.message, /by the HEALTHCHECK of its image: exit code 3, not well; v1 still serves$/)
    assert.match(problem.fix, /`\[start\] health`/)
    assert.equal((await berth.get('shop')).status, 200)
  })
})
