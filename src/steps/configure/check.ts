import { isReservedVariable, type Variable } from '../../model/manifest.ts'
import { settingNameInvalid, settingReserved } from '../../model/problems/configure.ts'

/** What is wrong with one value: the end of the sentence that `Set the NAME env variable` begins. */
type Fault = string

/**
 * Checks one declared variable.
 * @param value undefined when it has not been set; a secret's value is checked here once and goes nowhere else
 * @returns the sentence to show, or undefined when all is well
 */
export function faultOf(name: string, variable: Variable, value: string | undefined): string | undefined {
  if (value === undefined) return isRequired(variable) ? `Set the ${name} env variable` : undefined
  if (value === '' && isRequired(variable)) return `Set the ${name} env variable: it is empty`
  const fault = typeFault(variable, value)
  return fault === undefined ? undefined : `Set the ${name} env variable: ${fault}`
}

/** A variable is required when the manifest says so, or says nothing and gives no default. */
export function isRequired(variable: Variable): boolean {
  return variable.required ?? variable.default === undefined
}

function typeFault({ type, values }: Variable, value: string): Fault | undefined {
  switch (type) {
    case 'string':
      return undefined
    case 'integer':
      return /^[+-]?[0-9]+$/.test(value) ? undefined : 'it must be an integer'
    case 'boolean':
      return /^(true|false|1|0|yes|no|on|off)$/i.test(value) ? undefined : 'it must be true or false'
    case 'port':
      return /^[0-9]{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535
        ? undefined
        : 'it must be a port, 1 to 65535'
    case 'url':
      return URL.canParse(value) && /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? undefined : 'it must be a URL'
    case 'enum':
      return (values ?? []).includes(value) ? undefined : `it must be one of ${(values ?? []).join(', ')}`
    default:
      return type satisfies never
  }
}

/** @throws settingNameInvalid, settingReserved for what no environment could hold */
export function checkAssignment(name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw settingNameInvalid({ name, why: 'that is no variable name' })
  if (value.includes('\0')) throw settingNameInvalid({ name, why: 'the value holds a NUL character' })
  if (Buffer.byteLength(value) > 128 * 1024) throw settingNameInvalid({ name, why: 'the value is longer than 128 KiB' })
  if (isReservedVariable(name)) throw settingReserved({ name })
}
