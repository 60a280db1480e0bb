import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runCommand } from '../host/command.ts'
import { CertificateAuthority } from './certificate-authority.ts'

describe('the authority of a build', () => {
  it('issues what OpenSSL accepts for the very host, by its strict rules', async () => {
    const authority = await CertificateAuthority.create()
    const folder = await mkdtemp(join(tmpdir(), 'berth-authority-'))
    try {
      const [root, leaf] = [join(folder, 'root.pem'), join(folder, 'leaf.pem')]
      await writeFile(root, authority.certificate)
      for (const [host, option] of hosts) {
        await writeFile(leaf, (await authority.identityOf(host)).certificate)
        const verify = ['openssl', 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', root] as const
        assert.match((await runCommand([...verify, option, host, leaf])).stdout, /leaf\.pem: OK/)
        const other = option === '-verify_ip' ? '192.0.2.77' : 'other.example'
        const refused = await runCommand([...verify, option, other, leaf], { allowCodes: [2] })
        assert.match(refused.stderr, /mismatch/)
      }
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('signs for servers alone, with one key, whatever the name', async () => {
    const authority = await CertificateAuthority.create()
    const root = new X509Certificate(authority.certificate)
    const name = `${'a'.repeat(63)}.`.repeat(3) + 'example'
    const [one, other] = await Promise.all([authority.identityOf(name), authority.identityOf('b.example')])
    const leaf = new X509Certificate(one.certificate)
    assert.equal(root.ca, true)
    assert.equal(leaf.ca, false)
    assert.equal(leaf.checkIssued(root), true)
    assert.equal(leaf.verify(root.publicKey), true)
    assert.equal(leaf.checkHost(name), name)
    assert.equal(leaf.validFrom, 'Jan  1 00:00:00 1970 GMT')
    assert.ok(new Date(leaf.validTo).getUTCFullYear() > 2100)
    assert.equal(one.key, other.key)
    assert.notEqual(leaf.serialNumber, new X509Certificate(other.certificate).serialNumber)
    assert.equal(authority.identityOf(name), authority.identityOf(name))
  })

  it('is trusted by nobody for what another one of the same name has signed', async () => {
    const [authority, namesake] = [await CertificateAuthority.create(), await CertificateAuthority.create()]
    const leaf = new X509Certificate((await namesake.identityOf('a.example')).certificate)
    assert.equal(leaf.verify(new X509Certificate(authority.certificate).publicKey), false)
  })
})

const hosts = [
  ['pypi.example', '-verify_hostname'],
  ['192.0.2.7', '-verify_ip'],
  ['2001:db8::7', '-verify_ip'],
] as const
