/**
 * What apt in a build has to be told (apt.conf(5)). The file is named by APT_CONFIG, so that nothing of it stays in an
 * image; what an image sets by itself comes after it and wins.
 * @param isPast Whether archives are shown as they were at some time.
 */
export function aptConfiguration(mode: 'record' | 'replay', { isPast = false } = {}): string {
  return Object.entries({ ...always, ...(mode === 'replay' ? replayOnly : isPast ? pastOnly : {}) })
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('')
}

const always = {
  // Seconds of silence: the proxy answers when it has the whole of a package, and checked it.
  'Acquire::http::Timeout': '600',
  'Acquire::https::Timeout': '600',
  'Acquire::PDiffs': 'false',
}

/** An archive of some time ago is signed, and was meant for that time. */
const pastOnly = { 'Acquire::Check-Valid-Until': 'false' }

/** The indexes of a replay are made on the spot, and nobody signs them: the lock's hashes are what is trusted. */
const replayOnly = {
  'Acquire::AllowInsecureRepositories': 'true',
  'Acquire::AllowDowngradeToInsecureRepositories': 'true',
  'APT::Get::AllowUnauthenticated': 'true',
  'Acquire::Check-Valid-Until': 'false',
  // They are dated long after everything that an image may have brought along.
  'Acquire::Check-Date': 'false',
}
