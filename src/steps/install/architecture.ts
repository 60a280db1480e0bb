import { architectureUnsupported } from '../../model/problems/install.ts'

const debianArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Debian's name for the processor of this host. @throws architectureUnsupported */
export function debianArchitecture(): string {
  const architecture = debianArchitectures[process.arch]
  if (architecture === undefined) throw architectureUnsupported({ architecture: process.arch })
  return architecture
}

/** The Open Container Initiative's name for it, which is Go's (image-spec, config.md, "architecture"). */
export function ociArchitecture(): string {
  return debianArchitecture()
}
