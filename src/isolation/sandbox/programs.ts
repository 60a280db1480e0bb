/** The programs of the host that sandboxes of all levels use. */
export const programs = { monitor: 'conmon', init: '/usr/bin/tini-static' } as const
