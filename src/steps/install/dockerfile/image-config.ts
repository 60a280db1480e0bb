import type { ImageHealthcheck } from '../../../model/plan.ts'

/**
 * The configuration of an image, with the names of the OCI image specification (config.md) and of Docker's additions to
 * it (Healthcheck, OnBuild, Shell).
 */
export interface ImageConfig {
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>
  readonly Volumes?: Readonly<Record<string, Record<string, never>>>
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly Healthcheck?: Healthcheck
  readonly OnBuild?: readonly string[]
  readonly Shell?: readonly string[]
}

export type Healthcheck = ImageHealthcheck

/** One line of an image's history; `empty_layer` when it changed no file. */
export interface HistoryEntry {
  readonly created_by: string
  readonly empty_layer: boolean
}

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What `FROM scratch` begins with. */
export const scratchConfig: ImageConfig = { Env: [`PATH=${defaultPath}`], WorkingDir: '/' }

/** A configuration without some of its keys. */
export function withoutKeys(config: ImageConfig, keys: readonly (keyof ImageConfig)[]): ImageConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !keys.some((one) => one === key)))
}
