import { exists } from '../../host/files.ts'
import { findsSome, listOf, named, type Attack } from '../attack.ts'

/** What stays changed when the application is started again. */
export const immutabilityAttacks: readonly Attack[] = [
  {
    ...named('immutability', 'I01', 'modify-own-code', 'Rewrite the application'),
    leaksWhen: 'another version answers after a restart',
    restarts: true,
    judge: async ({ scene }) => {
      await scene.restartAttacked()
      return (await scene.attackedVersion()) === 'as released' ? undefined : "the thief's version answers"
    },
  },
  {
    ...named('immutability', 'I02', 'plant-module', 'Plant code where every program loads it'),
    leaksWhen: 'a file could be made where Python loads from',
    isSafe: true,
    judge: findsSome('planted', 'planted in'),
  },
  {
    ...named('immutability', 'I03', 'drop-cron', 'Let the host start it again'),
    leaksWhen: "the file lies where the host's own services look",
    judge: async ({ said }) => {
      for (const path of listOf(said['dropped'])) if (await exists(path)) return `${path} lies on the host`
      return undefined
    },
  },
  {
    ...named('immutability', 'I04', 'daemon-outlives-stop', 'Stay when the application is stopped'),
    leaksWhen: 'its process lives when the application has been stopped',
    restarts: true,
    judge: async ({ scene }) => {
      await scene.stopAttacked()
      return (await scene.processWith(scene.public.daemon)) ? 'its process lives on' : undefined
    },
  },
  {
    ...named('immutability', 'I05', 'tamper-config', 'Rewrite its own configuration'),
    leaksWhen: 'one of these files opens for writing',
    isSafe: true,
    judge: findsSome('opened', 'these can be written'),
  },
  {
    ...named('immutability', 'I06', 'writable-folders', 'Write outside volume and memory'),
    leaksWhen: 'a file could be made there',
    ...{ isSafe: true, seconds: 40 },
    judge: findsSome('writable', 'these can be written'),
  },
  {
    ...named('immutability', 'I07', 'run-dropped-program', 'Run a program that it brought along'),
    isMinor: true,
    leaksWhen: 'it runs from somewhere',
    isSafe: true,
    judge: findsSome('ran', 'it ran in'),
  },
  {
    ...named('immutability', 'I08', 'run-from-memory', 'Run a program that is in no file'),
    isMinor: true,
    leaksWhen: 'it runs',
    isSafe: true,
    judge: ({ said }) => (said['ran'] === true ? 'a program ran that is in no file' : undefined),
  },
  {
    ...named('immutability', 'I09', 'delete-own-system', 'Delete the application'),
    leaksWhen: 'it does not come up again',
    restarts: true,
    mayEndApplication: true,
    judge: async ({ scene }) => {
      await scene.restartAttacked()
      return (await scene.attackedVersion()) === undefined ? 'it does not come up again' : undefined
    },
  },
  {
    ...named('immutability', 'I10', 'overwrite-programs', "Write over the system's programs"),
    leaksWhen: 'one of these files opens for writing',
    isSafe: true,
    judge: findsSome('opened', 'these can be written'),
  },
]
