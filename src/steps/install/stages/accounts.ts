import * as files from '../../../host/files.ts'
import type { BuildAccount } from '../../../isolation/build/config.ts'
import { userUnknown } from '../../../model/problems/dockerfile-build.ts'
import { resolveInRoot } from './root-path.ts'

/** An account of an image, and the home that it says. */
export interface ImageAccount extends BuildAccount {
  readonly home: string
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

const largestFile = 4 * 1024 ** 2

/**
 * Looks a `USER` or `--chown` up in an image: names and numbers, with or without a group.
 * @throws userUnknown when the image has no such name
 */
export async function accountIn(root: string, written: string): Promise<ImageAccount> {
  const [user = '', group] = written.split(':')
  const users = parsePasswd(await read(root, '/etc/passwd'))
  const groups = parseGroup(await read(root, '/etc/group'))
  const entry = users.find(({ name, uid }) => name === user || String(uid) === user)
  const uid = user === '' ? 0 : (entry?.uid ?? number(user))
  if (uid === undefined) throw userUnknown({ what: 'user', name: user })
  const gid =
    group === undefined ? (entry?.gid ?? 0) : (groups.find(({ name }) => name === group)?.gid ?? number(group))
  if (gid === undefined) throw userUnknown({ what: 'group', name: group ?? '' })
  const supplementary =
    group === undefined && entry
      ? groups.filter(({ members }) => members.includes(entry.name)).map((known) => known.gid)
      : []
  return { uid, gid, groups: supplementary, home: entry?.home ?? (uid === 0 ? '/root' : '/') }
}

/** Who a `--chown` names: without a group, the group has the user's number (Dockerfile reference, COPY --chown). */
export async function ownerIn(root: string, written: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await accountIn(root, written)
  return { uid, gid: written.includes(':') ? gid : uid }
}

function number(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined
}

async function read(root: string, path: string): Promise<string> {
  return (await files.readUntrusted(resolveInRoot(root, path), largestFile)) ?? ''
}

/** passwd(5) */
function parsePasswd(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = '/'] = line.split(':')
    return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : []
  })
}

/** group(5) */
function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid = '', members = ''] = line.split(':')
    return /^\d+$/.test(gid) ? [{ name, gid: Number(gid), members: members.split(',') }] : []
  })
}
