// `npm run models`: lists, fetches and verifies model packs.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { loadModelsDir } from '../shared/config/config.js';
import { type CommandOptions, fetchOne, listPacks, verifyPacks } from './models/commands.js';
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

const list = defineCommand({
  meta: { description: 'List the known model packs' },
  args: { dir },
  run: ({ args }) => listPacks(readOptions(args.dir)).catch(reportUserError),
});

const fetch = defineCommand({
  meta: { description: 'Fetch or repair a pack' },
  args: {
    pack: { type: 'positional', description: 'Name of the pack', required: true },
    from: {
      type: 'string',
      valueHint: 'file or URL',
      description: 'Take the archive from here; it must hold the same bytes',
    },
    dir,
  },
  run: ({ args }) =>
    fetchOne(args.pack, { ...readOptions(args.dir), ...(args.from ? { from: args.from } : {}) }).catch(
      reportUserError,
    ),
});

const verify = defineCommand({
  meta: { description: 'Check the files of a pack, or of every pack that is there' },
  args: { pack: { type: 'positional', description: 'Name of the pack', required: false }, dir },
  run: ({ args }) => verifyPacks(args.pack, readOptions(args.dir)).catch(reportUserError),
});

await runMain(
  defineCommand({
    meta: { name: 'models', description: 'Model packs of the face verification service' },
    subCommands: { list, fetch, verify },
  }),
);
