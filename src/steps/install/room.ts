import * as files from '../../host/files.ts'
import { diskFull } from '../../model/problems/deploy.ts'

/** Below this much room on the disk, whatever failed is taken to have failed for want of it. */
const leastRoom = 4 * 1024 * 1024

/**
 * The failure itself, or that the disk is full. Programs only say so in words, so the disk is asked, before what they
 * wrote is removed.
 */
export async function explainWantOfRoom(error: unknown, home: string): Promise<unknown> {
  const { bavail, bsize } = await files.statfs(home)
  const isFull = files.hasCode(error, 'ENOSPC', 'EDQUOT') || bavail * bsize < leastRoom
  return isFull ? diskFull({ where: home }, { cause: error }) : error
}
