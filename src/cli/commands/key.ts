import { command } from '../command.ts'

export const key = command({
  name: 'key',
  summary: 'Print the public key that images built here are signed with',
  description: `Makes the key pair when there is none (ECDSA on P-256, in \`keys/signing.pem\` below BERTH_HOME); from then on, every
image that is built or deployed here is signed, in the way of cosign. Another manifest can ask for it with
\`[install] signed_by\`: what is not signed by one of the keys named there is not started.`,
  arguments: {},
  options: {},
  json: '`{ publicKey }`, PEM',
  async run(_, context) {
    const found = await (await context.daemon()).send<{ publicKey: string }>('POST', '/v1/key', {})
    return { kind: 'answer', json: found, text: found.publicKey }
  },
})
