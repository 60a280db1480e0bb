import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../model/problem.ts'
import { readSshAddress, scpGate, sshAddressBehind, sshGate } from './git-ssh-address.ts'

describe('readSshAddress()', () => {
  const cases: { text: string; url: string; at: [user: string, host: string, port: number, path: string] }[] = [
    { text: 'ssh://git@example.org/a/b.git', url: '', at: ['git', 'example.org', 22, '/a/b.git'] },
    { text: 'SSH://git@example.org:22/a', url: 'ssh://git@example.org/a', at: ['git', 'example.org', 22, '/a'] },
    {
      text: 'ssh://me.2@example.org:0222/a',
      url: 'ssh://me.2@example.org:222/a',
      at: ['me.2', 'example.org', 222, '/a'],
    },
    {
      text: 'git@example.org:a/b.git',
      url: 'ssh://git@example.org/~/a/b.git',
      at: ['git', 'example.org', 22, 'a/b.git'],
    },
    { text: 'git@example.org:/a', url: 'ssh://git@example.org/a', at: ['git', 'example.org', 22, '/a'] },
    { text: 'git@example.org:~/a', url: 'ssh://git@example.org/~/a', at: ['git', 'example.org', 22, 'a'] },
    { text: 'git@example.org:~joe/a', url: 'ssh://git@example.org/~joe/a', at: ['git', 'example.org', 22, '~joe/a'] },
    { text: 'ssh://git@[2001:db8::1]:7/a', url: '', at: ['git', '2001:db8::1', 7, '/a'] },
    { text: 'git@[2001:db8::1]:a', url: 'ssh://git@[2001:db8::1]/~/a', at: ['git', '2001:db8::1', 22, 'a'] },
    {
      text: "ssh://git@example.org/it's a#b?",
      url: "ssh://git@example.org/it's%20a%23b%3F",
      at: ['git', 'example.org', 22, "/it's a#b?"],
    },
  ]
  for (const { text, url, at } of cases) {
    it(`reads ${text}, also as it is written down`, () => {
      const address = readSshAddress(text)
      assert.deepEqual([address.user, address.host, address.port, address.path], at)
      assert.equal(address.url, url === '' ? text : url)
      assert.match(address.url, /^[!-~]+$/)
      assert.deepEqual(readSshAddress(address.url), address)
    })
  }

  const refused: [text: string, why: RegExp][] = [
    ['ssh://-oProxyCommand=touch%20x/a', /names no user/],
    ['ssh://git@-oProxyCommand=x/a', /cannot be a host/],
    ['ssh://git@%2DoProxyCommand=x/a', /cannot be a host/],
    ['ssh://-oProxyCommand=x@example.org/a', /cannot be a user/],
    ['-oProxyCommand=x@example.org:a', /cannot be a user/],
    ['git@-oProxyCommand=x:a', /cannot be a host/],
    ['git@example.org:--upload-pack=x', /begins with `-`/],
    ['ssh://git@example.org/~/-x', /begins with `-`/],
    ['ssh://git@example.org/a%0Ab', /control characters/],
    ['ssh://git@exam\nple.org/a', /cannot be a host/],
    ['ssh://git@example.org/%', /not encoded/],
    ['ssh://git:word@example.org/a', /password/],
    ['ssh://example.org/a', /names no user/],
    ['ssh://git@example.org', /no repository/],
    ['ssh://git@example.org:/a', /cannot be a port/],
    ['ssh://git@example.org:65536/a', /cannot be a port/],
    ['ssh://git@exa$(x)mple/a', /cannot be a host/],
    ['', /names no user/],
  ]
  for (const [text, why] of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => readSshAddress(text),
        (error) => error instanceof Problem && error.code === 'ssh-address-refused' && why.test(error.message),
      )
    })
  }

  it('never shows a password, nor a wall of text', () => {
    const messageOf = (text: string) => {
      try {
        return readSshAddress(text).url
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
    }
    assert.doesNotMatch(messageOf('ssh://git:geheim@example.org/a'), /geheim/)
    assert.ok(messageOf(`ssh://git@${'-'.repeat(100_000)}/a`).length < 500)
  })
})

describe('sshAddressBehind()', () => {
  it('knows the names that git was told to ask, and no others', () => {
    const read = (text: string) => sshAddressBehind(new URL(text))?.url
    assert.equal(read(`${sshGate}git@example.org:222/a.git`), 'ssh://git@example.org:222/a.git')
    assert.equal(read(`${sshGate}git@example.org/~/a.git`), 'ssh://git@example.org/~/a.git')
    assert.equal(read(`${scpGate}example.org:a.git`), 'ssh://git@example.org/~/a.git')
    assert.equal(read('https://example.org/a.git'), undefined)
    assert.equal(read('http://berth.invalid/git@example.org/a.git'), undefined)
  })
})
