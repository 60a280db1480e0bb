import { command, optionalArgument } from '../command.ts'
import { sendSource } from '../send-source.ts'

export const init = command({
  name: 'init',
  summary: 'Write a berth.toml from what is detected in a folder',
  arguments: { folder: optionalArgument('FOLDER', 'folder of the application') },
  options: {},
  json: 'an object with `path` and `manifest`, the text that was written',
  async run({ folder }, context) {
    const { refuseExistingManifest, writeManifest } = await import('../../client/new-manifest.ts')
    await refuseExistingManifest(folder, context)
    await using sending = await sendSource({ folder, git: undefined, tag: undefined }, context)
    const { manifest } = await sending.daemon.send<{ manifest: string }>('POST', '/v1/detect', sending.body)
    const path = await writeManifest(folder, manifest, context)
    return { kind: 'answer', json: { path, manifest }, text: `${manifest.trimEnd()}\n\nwrote ${path}` }
  },
})
