// The program behind `npm run evaluate`: error rates of a model pack on your own photos.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { refuseUnknown } from '../../src/cli/refuse-unknown.js';
import { UserError } from '../../src/cli/user-error.js';
import { ConfigError } from '../../src/shared/config/config.js';
import { evaluate } from './evaluate-command.js';

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

const text = (description: string, valueHint: string) =>
  ({ type: 'string', description, valueHint }) as const;
const limit = (description: string, byDefault: string) =>
  ({ type: 'string', description, valueHint: 'number', default: byDefault }) as const;

/** Runs `work` with a signal that the first Ctrl-C aborts; the second one ends the process as usual. */
async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await work(interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('\nStopped. What is scored is kept: the same command goes on from there.');
      process.exitCode = INTERRUPTED;
    } else if (error instanceof UserError || error instanceof ConfigError) {
      console.error(error.message);
      process.exitCode = 1;
    } else throw error;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

const options = {
  pairs: text('CSV of pairs: file_x,file_y,decision (Yes or No), paths relative to it', 'file.csv'),
  folders: text('Folder with a folder of photos for each person', 'folder'),
  lfw: text('Folder of Labeled Faces in the Wild: its View 2 protocol', 'folder'),
  scores: text('CSV of pairs with a similarity column: no photo is read', 'file.csv'),
  recognisability: text('Folder of photos: make the recognisability block of a model manifest', 'folder'),
  'pairs-file': text('pairs.txt of LFW, where it is not beside the photos', 'pairs.txt'),
  pack: text('Model pack: name or folder (default: INSIGHTFACE_MODEL, else lite)', 'name'),
  out: text('Folder of the results (default: evaluation/<data set>-<pack>)', 'folder'),
  dataset: text('Name of the data set in the report', 'name'),
  threshold: text('Threshold in use (default: FACE_MATCH_THRESHOLD)', '0..1'),
  'max-mated': limit('Mated pairs drawn from folders', '100000'),
  'max-non-mated': limit('Non-mated pairs drawn from folders', '1000000'),
  'max-verifications': limit('Whole verifications of each kind', '20000'),
  seed: limit('Seed of the draws', '1'),
  pictures: {
    type: 'boolean',
    default: true,
    description: 'Show pictures of the hardest pairs in the report',
    negativeDescription: 'Make a report without pictures',
  },
  calibration: {
    type: 'boolean',
    default: false,
    description: 'Also write the calibration block of a model manifest',
  },
} as const satisfies ArgsDef;

await runMain(
  defineCommand({
    meta: { name: 'evaluate', description: 'Measure error rates of a model pack on your own photos' },
    args: options,
    run: ({ args }) =>
      untilInterrupted((signal) => {
        refuseUnknown(args, options);
        return evaluate(args, { say: (line) => console.error(line), signal });
      }),
  }),
);
