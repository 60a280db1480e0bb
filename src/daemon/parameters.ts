import { AppParameter } from '../model/api.ts'
import { requestInvalid } from '../model/problems/deploy.ts'

/** @throws requestInvalid for what cannot be an application's name */
export function nameFrom(parameters: Readonly<Record<string, string>>): string {
  const result = AppParameter.safeParse(parameters['app'])
  if (!result.success) throw requestInvalid({ reason: 'that is no name of an application' })
  return result.data
}
