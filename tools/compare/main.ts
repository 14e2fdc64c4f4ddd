// `npm run compare`: compares two to four photos as the service would, and draws a picture of the result.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { compare } from '../../src/cli/local/compare-local.js';
import { refuseUnknown } from '../../src/cli/refuse-unknown.js';
import { reportUserError } from '../../src/cli/user-error.js';

const options = {
  pack: {
    type: 'string',
    valueHint: 'name',
    description: 'Model pack: name or folder (default: INSIGHTFACE_MODEL, else lite)',
  },
  threshold: {
    type: 'string',
    valueHint: '0..1',
    description: 'Similarity from which a probe matches (default: FACE_MATCH_THRESHOLD)',
  },
  out: {
    type: 'string',
    valueHint: 'file',
    default: 'evaluation/compare.html',
    description: 'Picture of the comparison: .html or .png',
  },
} as const satisfies ArgsDef;

await runMain(
  defineCommand({
    meta: {
      name: 'compare',
      description: 'Compare one to three probes with a reference (the last photo)',
    },
    args: options,
    run: async ({ args }) => {
      try {
        refuseUnknown(args, options);
        const allUsed = await compare(
          { ...args, photos: args._ },
          { print: (line) => console.log(line), say: (line) => console.error(line) },
        );
        if (!allUsed) process.exitCode = 1;
      } catch (error) {
        reportUserError(error);
      }
    },
  }),
);
