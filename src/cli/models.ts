// `npm run models`: lists, fetches and verifies model packs.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { loadModelsDir } from '../shared/config/config.js';
import { type CommandOptions, fetchOne, listPacks, verifyPacks } from './models/commands.js';
import { refuseUnknown } from './refuse-unknown.js';
import { reportUserError } from './user-error.js';

const dir = {
  type: 'string',
  valueHint: 'folder',
  description: 'Folder of the packs (default: MODELS_DIR, else models)',
} as const satisfies ArgsDef[string];

function readOptions(folder: string | undefined): CommandOptions {
  return {
    manifestsDir: fileURLToPath(new URL('../../models', import.meta.url)),
    modelsDir: resolve(folder ?? loadModelsDir()),
    say: (line) => console.log(line),
  };
}

interface Given {
  readonly args: Readonly<Record<string, unknown>>;
  readonly declared: ArgsDef;
}

/** Runs a command unless one of its options is unknown, and prints what the user must fix. */
async function run({ args, declared }: Given, work: () => Promise<void>): Promise<void> {
  try {
    refuseUnknown(args, declared);
    await work();
  } catch (error) {
    reportUserError(error);
  }
}

const list = defineCommand({
  meta: { description: 'List the known model packs' },
  args: { dir },
  run: ({ args }) => run({ args, declared: { dir } }, () => listPacks(readOptions(args.dir))),
});

const fetchArgs = {
  pack: { type: 'positional', description: 'Name of the pack', required: true },
  from: {
    type: 'string',
    valueHint: 'file or URL',
    description: 'Take the archive from here; it must hold the same bytes',
  },
  dir,
} as const satisfies ArgsDef;

const fetch = defineCommand({
  meta: { description: 'Fetch or repair a pack' },
  args: fetchArgs,
  run: ({ args }) =>
    run({ args, declared: fetchArgs }, () =>
      fetchOne(args.pack, { ...readOptions(args.dir), ...(args.from ? { from: args.from } : {}) }),
    ),
});

const verifyArgs = {
  pack: { type: 'positional', description: 'Name of the pack', required: false },
  dir,
} as const satisfies ArgsDef;

const verify = defineCommand({
  meta: { description: 'Check the files of a pack, or of every pack that is there' },
  args: verifyArgs,
  run: ({ args }) => run({ args, declared: verifyArgs }, () => verifyPacks(args.pack, readOptions(args.dir))),
});

await runMain(
  defineCommand({
    meta: { name: 'models', description: 'Model packs of the face verification service' },
    subCommands: { list, fetch, verify },
  }),
);
