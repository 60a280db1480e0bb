import { findDebianSnapshot } from '../../host/debian-snapshot.ts'
import { buildProxyUrl } from '../../isolation/build/sandbox.ts'
import { gitEnvironment, gitSshScript } from '../../proxy/adapters/git-client.ts'
import { npmEnvironment } from '../../proxy/adapters/npm-client.ts'
import { goEnvironment } from '../../proxy/adapters/go-checksums.ts'
import type { Session } from '../../proxy/session.ts'
import { aptConfiguration } from '../../proxy/adapters/debian-client.ts'

/** Where what clients have to be told is, inside of a sandbox. */
export const insideDirectory = '/run/berth'

const certificates = `${insideDirectory}/certificates.pem`
const proxies = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']

/** Each program has its own name for the file of the authorities that it trusts. */
const bundles = [
  ...['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'],
  ...['npm_config_cafile', 'CARGO_HTTP_CAINFO', 'COMPOSER_CAFILE', 'PERL_LWP_SSL_CA_FILE', 'UV_CERT'],
]

/** The environment in which package managers find the proxy and trust it. */
export function clientEnvironment(session: Session): Record<string, string> {
  return {
    ...Object.fromEntries(proxies.map((name) => [name, buildProxyUrl])),
    ...Object.fromEntries(bundles.map((name) => [name, certificates])),
    APT_CONFIG: `${insideDirectory}/apt.conf`,
    WGETRC: `${insideDirectory}/wgetrc`,
    // It looks for newer seeds behind the build's back.
    VIRTUALENV_NO_PERIODIC_UPDATE: '1',
    ...gitEnvironment(`${insideDirectory}/git-ssh`),
    ...npmEnvironment(session.mode),
    ...(session.mode === 'replay' ? goEnvironment(session.artifacts) : {}),
  }
}

/** The files that this environment speaks of, by name. */
export function clientFiles(session: Session, certificate: string): Record<string, string> {
  const isPast =
    session.mode === 'record' && session.asOf !== undefined && findDebianSnapshot(process.env) !== undefined
  return {
    'certificates.pem': certificate,
    'apt.conf': aptConfiguration(session.mode, { isPast }),
    'git-ssh': gitSshScript,
    wgetrc: `ca_certificate = ${certificates}\n`,
  }
}
