import { buildProxyUrl } from '../../isolation/build-sandbox.ts'

/** Where the certificate of the build's proxy is, inside of its sandbox. */
export const certificatesInside = '/run/berth/certificates.pem'

const proxies = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']

/** Each program has its own name for the file of the authorities that it trusts. */
const bundles = [
  ...['SSL_CERT_FILE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'PIP_CERT', 'REQUESTS_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS'],
  ...['npm_config_cafile', 'CARGO_HTTP_CAINFO', 'COMPOSER_CAFILE', 'PERL_LWP_SSL_CA_FILE', 'UV_CERT'],
]

/** The environment in which package managers find the proxy and trust it. */
export function clientEnvironment(mode: 'record' | 'replay'): Record<string, string> {
  return {
    ...Object.fromEntries(proxies.map((name) => [name, buildProxyUrl])),
    ...Object.fromEntries(bundles.map((name) => [name, certificatesInside])),
    // What is replayed is checked against the lock; a checksum database could not be asked.
    ...(mode === 'replay' ? { GONOSUMDB: '*', GONOSUMCHECK: '1' } : {}),
  }
}
