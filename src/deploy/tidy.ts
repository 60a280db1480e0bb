import { setTimeout as sleep } from 'node:timers/promises'
import type { Digest } from '../model/names.ts'
import type { App } from '../store/apps.ts'
import { detachDocuments } from './attach.ts'
import { inBackground, type Berth } from './berth.ts'

/** Bytes of an archive that is unpacked so quickly that a rollback may wait for it. */
const quicklyUnpacked = 16 * 1024 ** 2
const secondsBetweenTries = 1
const mostTries = 60

/**
 * Gives the disk back what earlier releases of an application can be given again at once: the files of small layers, which
 * their archives hold too, and documents that come of the lock. Waits in the background until nobody uses the store; when
 * that takes too long, the next one will do it.
 */
export function tidyInBackground(berth: Berth, app: App): void {
  inBackground(berth, `tidy ${app.name}`, tidy(berth, app))
}

async function tidy(berth: Berth, app: App): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    if (await berth.busy.tidyStore(() => tidyReleases(berth, app))) return
    await sleep(secondsBetweenTries * 1000, undefined, { ref: false })
  }
}

async function tidyReleases(berth: Berth, app: App): Promise<void> {
  const { state, images } = berth
  const used = inUse(berth)
  const idle = state.releases.list(app).filter(({ image }) => !used.images.has(image))
  await detachDocuments(
    berth,
    idle.map(({ image }) => image),
  )
  const layers = new Set(idle.flatMap((release) => release.layers))
  for (const layer of layers) if (!used.layers.has(layer)) await images.layers.fold(layer, quicklyUnpacked)
}

/** Of every application's current release, and of what still runs beside it. */
function inUse({ state }: Berth): { images: Set<Digest>; layers: Set<Digest> } {
  const sandboxes = state.sandboxes.list()
  const releases = state.apps.list().flatMap((app) => {
    const running = sandboxes.filter((record) => record.app === app.id).map(({ release }) => release)
    return state.releases.list(app).filter(({ number }) => number === app.currentRelease || running.includes(number))
  })
  return {
    images: new Set(releases.map(({ image }) => image)),
    layers: new Set(releases.flatMap(({ layers }) => layers)),
  }
}
