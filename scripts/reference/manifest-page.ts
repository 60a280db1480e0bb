import { z } from 'zod'
import { manifestJsonSchema } from '../../src/model/manifest.ts'
import { generatedFrom, markdownTable, page } from './generated.ts'

/** The parts of JSON Schema that zod writes for the manifest. */
const Schema = z.looseObject({
  get properties() {
    return z.record(z.string(), Schema).optional()
  },
  get additionalProperties() {
    return z.union([z.boolean(), Schema]).optional()
  },
  get items() {
    return Schema.optional()
  },
  get anyOf() {
    return z.array(Schema).optional()
  },
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  default: z.unknown().optional(),
  description: z.string().optional(),
})
type Schema = z.infer<typeof Schema>

/** docs/reference/manifest.md */
export function manifestPage(): string {
  const schema = Schema.parse(manifestJsonSchema())
  return page(
    '# berth.toml',
    generatedFrom('src/model/manifest.ts'),
    `All of it is optional: what is not said is detected, or has the default below; \`berth plan\` shows what that comes to.
Unknown keys are refused. Editors that know JSON Schema take [berth.schema.json](berth.schema.json).`,
    ...tables('', schema),
  )
}

/** One section for each table of the manifest; a table whose keys the user chooses is written `NAME`. */
function tables(path: string, schema: Schema): string[] {
  const properties = Object.entries(schema.properties ?? {})
  const plain = properties.filter(([, property]) => !isTable(property))
  const rows = plain.map(([name, property]) => [
    `\`${name}\``,
    typeOf(property),
    defaultOf(property),
    property.description ?? '',
  ])
  const heading = path === '' ? '## At the top' : `## [${path}]`
  const description = path === '' ? [] : [schema.description ?? '']
  const own = rows.length > 0 ? [heading, ...description, markdownTable(['key', 'value', 'default', ''], rows)] : []
  const inner = properties
    .filter(([, property]) => isTable(property))
    .flatMap(([name, property]) => tables(join(path, name), property))
  const named =
    typeof schema.additionalProperties === 'object' ? tables(join(path, 'NAME'), schema.additionalProperties) : []
  return [...own.filter((text) => text !== ''), ...inner, ...named]
}

function isTable({ type }: Schema): boolean {
  return type === 'object'
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.type === 'array')
    return schema.items ? `list of ${schema.items.anyOf ? `(${typeOf(schema.items)})` : typeOf(schema.items)}` : 'list'
  const { minimum, maximum } = schema
  const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  return isBounded ? `${schema.type ?? 'any'}, ${minimum} to ${maximum}` : (schema.type ?? 'any')
}

function defaultOf(schema: Schema): string {
  return schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``
}
