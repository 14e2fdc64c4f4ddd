// `npm run evaluate`: measures the error rates of a model pack on your own photos.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { refuseUnknown } from '../../src/cli/refuse-unknown.js';
import { reportUserError } from '../../src/cli/user-error.js';
import { evaluate } from './evaluate-command.js';

/** Exit status of a program that Ctrl-C ended. */
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
    if (!interruption.signal.aborted) return reportUserError(error);
    console.error('\nStopped. Finished scores are kept; run the same command again to continue.');
    process.exitCode = INTERRUPTED;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

const options = {
  pairs: text('CSV of pairs: file_x,file_y,decision (Yes or No), paths relative to the file', 'file.csv'),
  folders: text('Folder with one folder of photos per person', 'folder'),
  lfw: text('Folder of Labeled Faces in the Wild; runs its View 2 protocol', 'folder'),
  scores: text('CSV of pairs with a similarity column; reads no photos', 'file.csv'),
  recognisability: text('Folder of photos; makes the recognisability block of a model manifest', 'folder'),
  'pairs-file': text('pairs.txt of LFW, if it is not next to the photos', 'pairs.txt'),
  groups: text('CSV of groups: person,group or file,group; error rates of each group', 'file.csv'),
  pack: text('Model pack: name or folder (default: INSIGHTFACE_MODEL, else lite)', 'name'),
  out: text('Folder for the results (default: evaluation/<data set>-<pack>)', 'folder'),
  dataset: text('Name of the data set in the report', 'name'),
  threshold: text('Threshold in use (default: FACE_MATCH_THRESHOLD)', '0..1'),
  'max-listed': limit('Pairs of folders to list in scores.csv; more are only counted', '1000000'),
  'max-verifications': limit('Whole verifications of each kind at most', '20000'),
  seed: limit('Seed for random draws', '1'),
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
