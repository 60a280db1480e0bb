/** In which standards a bill of materials can be had. */
export const billFormats = ['cyclonedx', 'spdx'] as const
export type BillFormat = (typeof billFormats)[number]
