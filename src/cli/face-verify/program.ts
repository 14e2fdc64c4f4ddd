import { UserError } from '../user-error.js';
import { runBatchCommand } from './batch/run-batch-command.js';
import { compareByService, submit } from './compare.js';
import { showHealth } from './health.js';
import { showJob } from './job.js';
import {
  batchArgs,
  comparisonArgs,
  localArgs,
  readComparisonFields,
  readServiceOptions,
  receiptArgs,
  serviceArgs,
  text,
} from './options.js';
import type { Arguments, Output, Program } from './run-command-line.js';

const photos = {
  type: 'positional',
  description: 'Three photos of the person, then the reference: files, URLs, or - for standard input',
} as const;

function readComparison(args: Arguments) {
  return { photos: args._, fields: readComparisonFields(args), json: args.json === true };
}

async function runCompare(args: Arguments, { print, say }: Output): Promise<number> {
  const comparison = readComparison(args);
  const localOnly = ['pack', 'out'].find((name) => args[name] !== undefined);
  if (args.local && args.receipt) throw new UserError('--receipt needs a service, which signs it.');
  if (!args.local && localOnly) throw new UserError(`--${localOnly} needs --local.`);
  if (!args.local) return compareByService(comparison, { ...readServiceOptions(args), say }, print);
  // Loads libraries for images and models.
  const { compareLocally } = await import('../local/compare-local.js');
  return compareLocally({ ...comparison, pack: text(args.pack), out: text(args.out) }, { print, say });
}

function runSubmit(args: Arguments, { print, say }: Output): Promise<number> {
  const { fields, ...comparison } = readComparison(args);
  const callback = text(args['callback-url']);
  const submission = {
    ...comparison,
    fields: { ...fields, ...(callback ? { callback_url: callback } : {}) },
  };
  return submit(submission, { ...readServiceOptions(args), say }, print);
}

/** The program `face-verify`. */
export const faceVerify: Program = {
  name: 'face-verify',
  description: 'Do these photos show the same person?',
  commands: {
    compare: {
      meta: { description: 'Compare three photos of a person with a reference' },
      args: { photos, ...comparisonArgs, ...receiptArgs, ...localArgs, ...serviceArgs },
      run: runCompare,
    },
    submit: {
      meta: { description: 'Queue a comparison and print the id of its job' },
      args: {
        photos,
        ...comparisonArgs,
        ...receiptArgs,
        'callback-url': { type: 'string', valueHint: 'URL', description: 'Where the result is posted' },
        ...serviceArgs,
      },
      run: runSubmit,
    },
    job: {
      meta: { description: 'Show the state or the result of a job' },
      args: {
        id: { type: 'positional', description: 'Id of the job' },
        wait: { type: 'boolean', description: 'Wait until the job has ended, at most --timeout' },
        ...serviceArgs,
      },
      run: (args, { print, say }) =>
        showJob(
          { id: String(args.id), wait: args.wait === true, json: args.json === true },
          { ...readServiceOptions(args), say },
          print,
        ),
    },
    batch: {
      meta: { description: 'Compare the photos of many people, listed in a CSV file' },
      args: batchArgs,
      run: runBatchCommand,
    },
    health: {
      meta: { description: 'Show whether the service is ready' },
      args: serviceArgs,
      run: (args, { print }) => showHealth(readServiceOptions(args), args.json === true, print),
    },
  },
};
