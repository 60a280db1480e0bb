import { exists, mkdir, writeFile } from '../../host/files.ts'
import type { Scene } from '../stage/scene.ts'
import { comesOut, type Attack } from '../attack.ts'

/** What the talk did to its own application, word for word. */
export const talkAttacks: readonly Attack[] = [
  {
    id: 'T01',
    name: 'id',
    title: '`id`: be root',
    group: 'talk',
    leaksWhen: 'the command runs as user 0 of the host',
    isSafe: true,
    judge: ({ said, scene }) => (said['uid'] === 0 && scene.isHostRoot ? 'it runs as root of the host' : undefined),
  },
  {
    id: 'T02',
    name: 'passwd',
    title: "`cat /etc/passwd`: the host's users",
    group: 'talk',
    leaksWhen: "a line of the host's own file comes out",
    isSafe: true,
    judge: comesOut('passwd'),
  },
  {
    id: 'T03',
    name: 'package-list',
    title: "`dpkg-query -W`: the host's packages",
    group: 'talk',
    leaksWhen: 'a package that only the host has comes out',
    isSafe: true,
    judge: comesOut('package'),
  },
  {
    id: 'T04',
    name: 'processes',
    title: '`ps aux`: what else runs',
    group: 'talk',
    leaksWhen: "the command line of the host's process comes out",
    isSafe: true,
    judge: comesOut('process'),
  },
  {
    id: 'T05',
    name: 'rm-rf',
    title: '`rm -rf --no-preserve-root /`: delete everything',
    group: 'talk',
    leaksWhen: 'a file of the host or of the neighbour is gone',
    seconds: 60,
    isLast: true,
    mayEndApplication: true,
    before: async (scene) => {
      await restoreCanaries(scene)
      return {}
    },
    judge: async ({ scene }) => {
      for (const path of [...scene.allCanaries(), scene.public.hostFile, `${scene.public.neighbourVolume}/data.txt`])
        if (!(await exists(path))) return `${path} is gone`
      return (await scene.neighbourAnswers()) ? undefined : 'the neighbour does not answer any more'
    },
  },
]

/** What an earlier attack has deleted is not deleted by this one. */
async function restoreCanaries({ public: { canaries, hostFile, neighbourVolume } }: Scene): Promise<void> {
  for (const path of [...canaries, hostFile, `${neighbourVolume}/data.txt`]) {
    if (await exists(path)) continue
    await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
    await writeFile(path, 'stands\n')
  }
}
