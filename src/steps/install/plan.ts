import type { Manifest } from '../../model/manifest.ts'
import type { LockedInput } from '../../model/lock.ts'
import type { InstallPlan } from '../../model/plan.ts'
import { nothingDetected } from '../../model/problems/install.ts'
import type { TreeFacts } from './facts.ts'
import type { LanguagePlan } from './language-plan.ts'
import { defaultDockerfile, planDockerfile, type DockerfileInstall } from './plan-dockerfile.ts'
import { planNode } from './plan-node.ts'
import { planPython } from './plan-python.ts'

export type AnyInstallPlan = InstallPlan | DockerfileInstall

/**
 * Decides how an application's image is made: detects its language, then lists the layers from what changes seldom to
 * what changes at every deploy.
 * @throws Problem when there is nothing that berth knows, or what is there does not fit together.
 */
export function planInstall(manifest: Manifest, facts: TreeFacts): AnyInstallPlan {
  return usesDockerfile(manifest, facts) ? planDockerfile(manifest, facts) : planLayers(manifest, facts)
}

/** A Dockerfile says how the image is made, unless the manifest names a language. */
export function usesDockerfile({ install }: Manifest, facts: TreeFacts): boolean {
  const { dockerfile, python, node, requirements } = install
  if (dockerfile !== undefined) return true
  return python === undefined && node === undefined && requirements === undefined && facts.files.has(defaultDockerfile)
}

const defaultPort = 8000

function planLayers(manifest: Manifest, facts: TreeFacts): InstallPlan {
  const language = planLanguage(manifest, facts)
  const { port = defaultPort } = manifest.start
  return {
    kind: 'layers',
    suite: language.suite,
    layers: [
      ...language.layers,
      {
        kind: 'source',
        title: 'source',
        exclude: ['.git', ...language.exclude],
        directories: Object.values(manifest.isolation.volumes).map(({ path }) => path),
        keep: true,
      },
    ],
    inputs: [...manifestInputs(manifest, language.suite), ...language.inputs],
    config: { workdir: '/app', argv: language.argv, env: { ...language.env, PORT: String(port) }, port },
  }
}

/** The settings of the manifest that choose packages. */
function manifestInputs({ install }: Manifest, suite: string): LockedInput[] {
  const { apt, build_apt, scripts, as_of } = install
  const values: Record<string, string | undefined> = {
    base: `debian:${suite}`,
    apt: apt.join(' ') || undefined,
    build_apt: build_apt.join(' ') || undefined,
    scripts: scripts.join(' ') || undefined,
    as_of,
  }
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ file: 'berth.toml', name, value }],
  )
}

function planLanguage(manifest: Manifest, facts: TreeFacts): LanguagePlan {
  const { python, node, requirements } = manifest.install
  if (python !== undefined || requirements !== undefined) return planPython(manifest, facts)
  if (node !== undefined) return planNode(manifest, facts)
  switch (detectLanguage(facts)) {
    case 'python':
      return planPython(manifest, facts)
    case 'node':
      return planNode(manifest, facts)
    case undefined:
      throw nothingDetected({ found: facts.top.slice(0, 8) })
  }
}

/** The language of a source tree; Python when it has both, because its assets are then what Node is for. */
export function detectLanguage(facts: TreeFacts): 'python' | 'node' | undefined {
  if (facts.files.has('requirements.txt')) return 'python'
  return facts.files.has('package.json') ? 'node' : undefined
}
