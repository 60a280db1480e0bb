/**
 * Waits for all of them, also when one fails, so that nothing is still being made while the failure is cleaned up.
 * @throws the first failure.
 */
export async function together<const Work extends readonly Promise<unknown>[]>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
