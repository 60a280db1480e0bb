import { HashingFile, readChunks } from '../host/hashing-file.ts'
import { listTree } from '../host/tree.ts'
import { archiveEntries } from './layer-tar.ts'
import { encodeHeader, endOfArchive, paddingFor } from './tar.ts'

/**
 * Writes a source tree as an archive: the same bytes for the same paths, kinds, executable bits and contents. A release
 * keeps it, so that it can be built again of nothing else than that and its lock.
 */
export async function writeSourceArchive(root: string, output: HashingFile): Promise<void> {
  for await (const { entry, source } of archiveEntries(root, await listTree(root), undefined)) {
    const mode = entry.type === 'directory' || (entry.mode & 0o100) !== 0 ? 0o755 : 0o644
    await output.write(encodeHeader({ ...entry, mode, uid: 0, gid: 0, mtime: 0 }))
    if (entry.type !== 'file' || source === undefined) continue
    for await (const chunk of readChunks(source)) await output.write(chunk)
    await output.write(paddingFor(entry.size))
  }
  await output.write(endOfArchive)
}
