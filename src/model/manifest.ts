import { z } from 'zod'
import { isKeyText } from './attestation.ts'
import { parseEgress, standardBandwidth } from './egress.ts'
import { defaultLevel, levelNames } from './levels.ts'
import { appNamePattern } from './names.ts'
import { isBuildSetting } from './ssh-settings.ts'
import { stopSignalName } from './stop-signal.ts'

/** The manifest, `berth.toml`: schema, type, JSON Schema and reference page all come from this one declaration. */

const AppName = z
  .string()
  .regex(appNamePattern, 'must be 1 to 40 of a-z, 0-9 and -, begin with a letter and not end with -')
  .describe('Name of the application; its address is http://<name>.localhost/')

const Port = z.int().min(1).max(65535)

/** A package name of Debian (Debian Policy, 5.6.1). */
const DebianPackage = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'must be the name of a Debian package')

/** A path inside the source tree. */
const TreePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0'), {
    message: 'must be a path inside the application, relative and without `..`',
  })

/** An absolute path inside the sandbox. */
const SandboxPath = z
  .string()
  .regex(/^\/[^\0:]*[^\0:/]$/, 'must be an absolute path without a slash at its end')
  .refine(
    (path) =>
      !path
        .slice(1)
        .split('/')
        .some((part) => ['', '.', '..'].includes(part)),
    {
      message: 'must not contain `.`, `..` or empty parts',
    },
  )
  .refine((path) => !/^\/(proc|sys|dev)(\/|$)|^\/(etc|run)$|^\/run\/berth(\/|$)/.test(path), {
    message: 'must not hide what every sandbox needs: /proc, /sys, /dev, /etc, /run, /run/berth',
  })

/** Bytes, written `512M` or `1G` (powers of 1024). */
export const ByteSize = z
  .string()
  .regex(/^[1-9][0-9]{0,8}[KMG]$/, { error: 'must be a number and K, M or G, such as "512M"', abort: true })
  .refine((size) => bytesOf(size) <= 1024 ** 5, { message: 'must be at most 1048576G' })

/** Turns `512M` into bytes. */
export function bytesOf(size: string): number {
  const factor = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[size.slice(-1)]
  if (factor === undefined) throw new Error(`not a size: ${size}`)
  return Number(size.slice(0, -1)) * factor
}

/** A command: one line for `/bin/sh`, or a list of arguments that no shell sees. */
export const Command = z.union([z.string().trim().min(1), z.array(z.string()).min(1)])

export const suites = ['bullseye', 'bookworm', 'trixie'] as const

const Retrieve = z.strictObject({
  git: z.string().min(1).optional().describe('URL of a git repository (https, ssh or file); without it, this folder'),
  tag: z.string().min(1).optional().describe('Tag to take from the git repository'),
})

const Install = z.strictObject({
  base: z
    .templateLiteral(['debian:', z.enum(suites)])
    .optional()
    .describe('Debian release that the image stands on; chosen by the language version when absent'),
  python: z.enum(['2.7', '3.9', '3.11', '3.13']).optional().describe('Python version'),
  node: z
    .string()
    .regex(/^[0-9]+(\.[0-9]+){0,2}$/, 'must be a Node version such as "24"')
    .optional()
    .describe('Node version: a major such as "24", or an exact one'),
  apt: z.array(DebianPackage).default([]).describe('Debian packages that the application needs while it runs'),
  build_apt: z
    .array(DebianPackage)
    .default([])
    .describe('Debian packages that only its build needs, such as compilers'),
  requirements: TreePath.optional().describe('Python requirements file; default `requirements.txt`'),
  constraints: TreePath.optional().describe('pip constraints file that holds versions the requirements leave open'),
  dockerfile: TreePath.optional().describe('Dockerfile to build; default `Dockerfile`, when the folder has one'),
  target: z.string().min(1).optional().describe('Stage of the Dockerfile to build; default: the last one'),
  build_args: z.record(z.string().min(1), z.string()).default({}).describe('Values for `ARG`s of the Dockerfile'),
  scripts: z.array(z.string().min(1)).default([]).describe('npm packages whose install scripts may run'),
  signed_by: z
    .array(z.string().min(1))
    .default([])
    .describe('Public keys (PEM, or paths of such files in the source) of which one must have signed the image'),
  as_of: z
    .union([z.date(), z.iso.datetime({ offset: true }), z.iso.date()])
    .transform((date) => new Date(date).toISOString().replace('.000Z', 'Z'))
    .optional()
    .describe('Language packages published later are not seen by `berth lock`; a date of TOML, such as 2016-03-01'),
  reproduced_by: z
    .int()
    .min(1)
    .max(16)
    .optional()
    .describe('How many others must have signed that the image comes out the same (in `berth.attestations/`)'),
  trusted_keys: z
    .array(z.string().refine(isKeyText, 'must be a key as `berth reproduce --attest` shows it'))
    .default([])
    .describe('Keys of those whose statements count for `reproduced_by`'),
})

const variableBase = {
  required: z.boolean().optional().describe('Whether it must be set; default: yes, unless there is a default'),
  secret: z.boolean().default(false).describe('Sealed at rest and never shown again'),
  description: z.string().optional(),
}

/** One declared environment variable; `type` decides what its value may be. */
export const Variable = z.strictObject({
  type: z.enum(['string', 'integer', 'boolean', 'url', 'port', 'enum']).default('string'),
  values: z.array(z.string().min(1)).min(1).optional().describe('The allowed values, for type "enum"'),
  default: z.union([z.string(), z.int(), z.boolean()]).optional(),
  ...variableBase,
})
export type Variable = z.infer<typeof Variable>

/** What berth sets itself, and what changes how every program in the sandbox is loaded. */
export function isReservedVariable(name: string): boolean {
  return ['PORT', 'HOME', 'HOSTNAME'].includes(name) || name.startsWith('LD_')
}

const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be letters, digits and _, not beginning with a digit')
  .refine((name) => !isReservedVariable(name), {
    message: 'is one that berth sets itself (PORT, HOME, HOSTNAME) or that the image decides (LD_…)',
  })
  .refine((name) => !isBuildSetting(name), { message: 'is for builds alone (BERTH_SSH_…): no application gets it' })

const Configure = z.strictObject({
  env: z.record(VariableName, Variable).default({}).describe('Environment variables that the application takes'),
})

const Initialise = z.strictObject({
  run: z.array(Command).default([]).describe('Commands run in the new image before it gets traffic, each deploy'),
  timeout: z.int().min(1).max(86_400).default(600).describe('Seconds each command may take'),
})

const StopSignal = z.string().transform((text, context) => {
  const name = stopSignalName(text)
  if (name !== undefined) return name
  context.addIssue({ code: 'custom', message: 'must be a signal that can ask to end, such as "SIGQUIT" or "SIGWINCH"' })
  return z.NEVER
})

const Start = z.strictObject({
  command: Command.optional().describe('What starts the application; detected when absent'),
  port: Port.optional().describe(
    'Port on which it listens inside its sandbox, also given to it as PORT; default 8000, or what the Dockerfile exposes',
  ),
  health: z
    .string()
    .regex(/^\/[!-~]*$/, 'must be a path that begins with /, in ASCII without blanks')
    .optional()
    .describe(
      'Path that answers 2xx or 3xx once the application is ready; default "/", or the HEALTHCHECK of the Dockerfile',
    ),
  health_timeout: z
    .int()
    .min(1)
    .max(3600)
    .optional()
    .describe('Seconds the application may take to become healthy; default 60, or as long as a HEALTHCHECK gives it'),
  stop_signal: StopSignal.optional().describe(
    'Signal that asks the application to end; default SIGTERM, or the STOPSIGNAL of the Dockerfile',
  ),
  stop_grace: z.int().min(0).max(3600).default(10).describe('Seconds between that signal and SIGKILL'),
  drain: z
    .int()
    .min(0)
    .max(3600)
    .default(30)
    .describe('Seconds that requests in flight may take when a release is replaced'),
  domains: z
    .array(
      z
        .string()
        .regex(
          /^(?=.{4,253}$)(?!.*\.localhost$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/,
          'must be a domain name in lower case, and not one of .localhost',
        ),
    )
    .default([])
    .describe('Domains it answers to, beside <name>.localhost'),
})

const Volume = z.strictObject({
  path: SandboxPath.describe('Where the application sees it'),
  size: ByteSize.refine((size) => bytesOf(size) >= 8 * 1024 ** 2, { message: 'must be at least 8M' })
    .optional()
    .describe('How much it can hold, such as "1G"; default "10G". Takes room only as it fills; can grow, never shrink'),
  files: z
    .int()
    .min(64)
    .max(2 ** 31)
    .optional()
    .describe('How many files and folders it can hold; default one for each 16K of its size'),
})

/** One of two volumes would hide the other, depending on their order. */
function overlap(paths: readonly string[]): boolean {
  return paths.some((path, index) => paths.some((other, at) => at !== index && `${other}/`.startsWith(`${path}/`)))
}

/** One item of what may be reached: its own words say what is wrong with it. */
const EgressItem = z.string().superRefine((text, context) => {
  const parsed = parseEgress(text)
  if ('fault' in parsed) context.addIssue({ code: 'custom', message: parsed.fault })
})

const Isolation = z.strictObject({
  level: z.enum(levelNames).default(defaultLevel).describe('How far the application is sealed off'),
  audit: z
    .enum(['clean'])
    .optional()
    .describe('With "clean", a new release gets traffic only when nothing leaks from a copy of it that is attacked'),
  // No defaults here: what a level cannot give is refused only where it is asked for.
  memory: ByteSize.optional().describe('Memory limit, swap included; default "512M"'),
  cpus: z.number().min(0.05).max(1024).optional().describe('CPU limit, in cores; default 1'),
  pids: z.int().min(8).max(32_768).optional().describe('Limit of processes and threads; default 256'),
  tmp: ByteSize.optional().describe('Size of /tmp, which is in memory; default "64M"'),
  io: ByteSize.optional().describe('Bytes a second that it may read from its volumes and write to them; default "32M"'),
  syscalls: z
    .array(z.string().regex(/^[a-z][a-z0-9_]{1,40}$/, 'must be the name of a system call'))
    .min(1)
    .max(512)
    .optional()
    .describe(
      'System calls that it may use, of those that `container` allows; `berth isolation learn` finds them. Default: all of those',
    ),
  egress: z
    .array(EgressItem)
    .max(256)
    .default([])
    .describe(
      'What it may reach by itself: `name:port`, `*.name:port`, `address:port`, `network/bits:port` (TCP; with `/udp` after the port UDP), or `internet` for all public addresses',
    ),
  links: z
    .array(AppName.describe('Name of an application'))
    .max(256)
    .default([])
    .describe('Applications of this berth that it may reach, each as `http://NAME.berth.internal/`'),
  bandwidth: z
    .string()
    .regex(
      /^([1-9][0-9]{0,5}Mbit|[1-9][0-9]{0,2}Gbit|[1-9][0-9]{2,5}Kbit)$/,
      'must be bits a second, such as "100Mbit"; at least "100Kbit" and at most "999Gbit"',
    )
    .default(standardBandwidth)
    .describe('How much it may send, and how much it may receive, in bits a second'),
  volumes: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a-z, 0-9 and -'), Volume)
    .refine((volumes) => !overlap(Object.values(volumes).map(({ path }) => path)), {
      message: 'no volume may lie at or inside the path of another',
    })
    .default({})
    .describe('The only places that it may write and that outlive it'),
})

export const Manifest = z
  .strictObject({
    name: AppName.optional(),
    retrieve: Retrieve.prefault({}),
    install: Install.prefault({}),
    configure: Configure.prefault({}),
    initialise: Initialise.prefault({}),
    start: Start.prefault({}),
    isolation: Isolation.prefault({}),
  })
  .describe('berth.toml: how one application is retrieved, installed, configured, initialised, started and isolated')
export type Manifest = z.infer<typeof Manifest>

/** The JSON Schema (2020-12) of what a user may write in `berth.toml`. */
export function manifestJsonSchema(): object {
  return z.toJSONSchema(Manifest, {
    io: 'input',
    // TOML has dates of its own; JSON Schema knows them as text.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
    },
  })
}
