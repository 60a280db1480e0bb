import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runCommand } from '../../../host/command.ts'
import { parseLibraries, programsDirectory } from './initramfs.ts'

/** Runs Perl with the frames at hand. */
async function perl(script: string): Promise<string> {
  const frames = join(programsDirectory, 'frames.pl')
  return (await runCommand(['perl', '-e', `require ${JSON.stringify(frames)}; ${script}`])).stdout
}

describe('the programs of virtual machines', () => {
  it('are Perl', async () => {
    for (const name of await readdir(programsDirectory)) await runCommand(['perl', '-c', join(programsDirectory, name)])
  })

  it('take frames off a stream, however it is cut', async () => {
    const script = `my $all = frame(0, 'O', 'a' x 5) . frame(65535, 'Z', '') . frame(7, 'I', "\\0\\xff");
      my ($buffer, @found) = ('');
      for my $byte (split //, $all) { $buffer .= $byte; push @found, map { join ':', $_->[0], $_->[1], unpack 'H*', $_->[2] } frames(\\$buffer) }
      print join ' ', @found, length $buffer`
    assert.equal(await perl(script), '0:O:6161616161 65535:Z: 7:I:00ff 0')
  })

  it('refuse a frame that nobody would send', async () => {
    const script = `my $buffer = pack('N n a', 0xffffffff, 0, 'O'); print eval { frames(\\$buffer); 1 } ? 'taken' : $@`
    assert.equal(await perl(script), 'a frame of 4294967295 bytes\n')
  })

  it('read settings that come more than once, are empty, or hold any character', async () => {
    const script = `my $s = settings("arg=a b\\0arg=\\0env=A=1\\n2\\0"); print join '|', @{ $s->{arg} }, $s->{env}[0]`
    assert.equal(await perl(script), 'a b||A=1\n2')
  })
})

describe('parseLibraries()', () => {
  it('finds the files, and not what the kernel gives', () => {
    const text = `\tlinux-vdso.so.1 (0x00007f64d179c000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f64d16ab000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f64d179e000)
`
    assert.deepEqual(parseLibraries(text), ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2'])
    assert.deepEqual(parseLibraries('\tnot a dynamic executable\n'), [])
  })
})
