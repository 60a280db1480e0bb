import type { DeployRequest } from '../model/api.ts'
import type { Berth } from './berth.ts'

/**
 * Secrets for commands of a Dockerfile (`RUN --mount=type=secret`): the settings of the application, with what this
 * deploy sets coming first. They are opened only when a command asks for them.
 */
export function buildSecrets(berth: Berth, name: string, request: DeployRequest) {
  return async (id: string): Promise<string | undefined> => {
    if (Object.hasOwn(request.set, id)) return request.set[id]
    const app = berth.state.apps.find(name)
    const setting = app && berth.state.settings.list(app).find((known) => known.name === id)
    if (!app || !setting) return undefined
    if (setting.kind === 'plain') return setting.value
    return (await berth.state.settings.openSecret(app, setting)).reveal()
  }
}
