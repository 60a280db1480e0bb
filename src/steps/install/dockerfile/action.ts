/**
 * What carrying out a stage consists of: plain JSON without lines or columns, so that the canonical JSON of an action,
 * together with the layers below and the content of the files it takes, is the key of its layer.
 */
export type Action = RunAction | CopyAction | DirectoryAction

/** `RUN`: runs `argv` in the root file system. */
export interface RunAction {
  readonly kind: 'run'
  readonly argv: readonly string[]
  /** `ENV` and `ARG` at this point; proxies that were passed as build arguments are not among them. */
  readonly environment: Readonly<Record<string, string>>
  /** Absolute. */
  readonly workdir: string
  /** As in `USER`: a name or number, maybe with `:group`; empty for root. Names are looked up in the image. */
  readonly user: string
  readonly network: 'default' | 'none'
  readonly mounts: readonly RunMount[]
  /** A here-document with a `#!` line, which `argv` names: to be mounted there read-only with mode 0755. */
  readonly script?: { readonly path: string; readonly content: string }
}

/** `COPY` and `ADD`. */
export interface CopyAction {
  readonly kind: 'copy'
  /** In the order in which they are copied: later ones replace files of earlier ones. */
  readonly sources: readonly CopySource[]
  /** Absolute; a slash at the end means that it is a directory, and is made if need be. */
  readonly destination: string
  /** `user`, `user:group`, names or numbers; without it everything belongs to 0:0. */
  readonly owner?: string
  /** Octal or symbolic, for `changedMode()`; without it files keep theirs. */
  readonly mode?: string
  /** For `CopyTree.select()`. */
  readonly exclude: readonly string[]
  readonly parents: boolean
  /** The layer does not depend on those below; nor does it follow symbolic links in them. */
  readonly link: boolean
}

export type CopySource = FilesSource | InlineSource | UrlSource | GitSource

/** Files of the context, of a stage or of an image; `pattern` begins at its root and may have wildcards. */
export interface FilesSource {
  readonly kind: 'files'
  readonly from: Origin
  readonly pattern: string
  /** Archives (tar, also compressed) are unpacked into the destination. */
  readonly unpack: boolean
}

/** A file that stands in the Dockerfile; its mode is 0644. */
export interface InlineSource {
  readonly kind: 'inline'
  readonly name: string
  readonly content: string
}

/** A download; its mode is 0600. */
export interface UrlSource {
  readonly kind: 'url'
  readonly url: string
  /** The file's name in a destination that is a directory. */
  readonly name: string
  /** `sha256:…` */
  readonly checksum?: string
  readonly unpack: boolean
}

/** A working tree, whose content is copied. */
export interface GitSource {
  readonly kind: 'git'
  readonly remote: string
  /** A branch, tag or commit; the remote's default branch without it. */
  readonly ref?: string
  readonly directory?: string
  /** The commit that it has to be: its id, or the beginning of it. */
  readonly checksum?: string
  readonly keepGitDir: boolean
  readonly submodules: boolean
}

/** `WORKDIR`: makes a directory and those above it, mode 0755, as `user`. */
export interface DirectoryAction {
  readonly kind: 'directory'
  readonly path: string
  /** As in `USER`; empty for root. */
  readonly user: string
}

/** Where files come from. */
export type Origin =
  | { readonly kind: 'context' }
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: string }

export type MountKind = RunMount['kind']

/** A mount of a `RUN`. Targets are absolute. Nothing that is written to any of them becomes part of the layer. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount

export interface BindMount {
  readonly kind: 'bind'
  readonly target: string
  readonly from: Origin
  /** A file or directory of the origin, absolute. */
  readonly source: string
  /** What is written is thrown away. */
  readonly writable: boolean
}

export interface CacheMount {
  readonly kind: 'cache'
  readonly target: string
  readonly id: string
  /** What an empty cache begins with. */
  readonly from: Origin
  readonly source: string
  readonly sharing: 'shared' | 'private' | 'locked'
  readonly writable: boolean
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export interface TmpfsMount {
  readonly kind: 'tmpfs'
  readonly target: string
  /** Bytes; 0 for no limit of its own. */
  readonly size: number
  readonly writable: boolean
}

export interface SecretMount {
  readonly kind: 'secret'
  readonly id: string
  /** A file; empty when the secret is only in the environment. */
  readonly target: string
  /** The variable that has it. */
  readonly env?: string
  readonly required: boolean
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

export interface SshMount {
  readonly kind: 'ssh'
  readonly id: string
  /** The agent's socket; empty for a place of the executor's choice, told in SSH_AUTH_SOCK. */
  readonly target: string
  readonly required: boolean
  readonly uid: number
  readonly gid: number
  readonly mode: number
}
