// `npm run compare-services`: sends the same requests to two services and reports whether they answer alike.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { refuseUnknown } from '../../src/cli/refuse-unknown.js';
import { reportUserError } from '../../src/cli/user-error.js';
import { compareServices } from './compare-services-command.js';

const options = {
  old: { type: 'string', valueHint: 'URL', required: true, description: 'The service in use' },
  new: { type: 'string', valueHint: 'URL', required: true, description: 'The service that is to replace it' },
  'old-key-file': {
    type: 'string',
    valueHint: 'file',
    description: 'File with the API key of the old service',
  },
  'new-key-file': {
    type: 'string',
    valueHint: 'file',
    description: 'File with the API key of the new service',
  },
  concurrency: { type: 'string', valueHint: 'n', default: '2', description: 'Requests at a time' },
  timeout: { type: 'string', valueHint: 'seconds', default: '75', description: 'Longest wait for an answer' },
  requests: {
    type: 'positional',
    required: true,
    description: 'File with a body of POST /compare-faces on each line (NDJSON)',
  },
} as const satisfies ArgsDef;

await runMain(
  defineCommand({
    meta: {
      name: 'compare-services',
      description:
        'Send the same requests to two services. Exits with 1 if they contradict each other or do not answer',
    },
    args: options,
    run: async ({ args }) => {
      try {
        refuseUnknown(args, options);
        const agree = await compareServices(args, (line) => console.log(line));
        if (!agree) process.exitCode = 1;
      } catch (error) {
        reportUserError(error);
      }
    },
  }),
);
