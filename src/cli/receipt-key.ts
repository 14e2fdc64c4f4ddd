// `npm run receipt-key`: prints a value for RECEIPT_KEYS.
import { type ArgsDef, defineCommand, runMain } from 'citty';
import { loadReceiptKeys } from '../shared/config/config.js';
import { createReceiptKeys } from '../shared/receipts/receipt-keys.js';
import { refuseUnknown } from './refuse-unknown.js';
import { reportUserError, UserError } from './user-error.js';

const options = {
  public: {
    type: 'boolean',
    default: false,
    description:
      'Print the public halves of RECEIPT_KEYS instead: enough for the API, and for those who verify receipts',
  },
} as const satisfies ArgsDef;

/** @throws ConfigError for a wrong RECEIPT_KEYS; UserError if its public halves are wanted and it is not set. */
function renderKeys(onlyPublic: boolean): string {
  const present = loadReceiptKeys();
  if (!onlyPublic) return createReceiptKeys(present);
  if (present.length === 0)
    throw new UserError('Set RECEIPT_KEYS or RECEIPT_KEYS_FILE to the value that the workers use.');
  return JSON.stringify({ keys: present.map(({ published }) => published) });
}

await runMain(
  defineCommand({
    meta: {
      name: 'receipt-key',
      description:
        'Print a value for RECEIPT_KEYS: a new key to sign with, and the public halves of the keys that are set now',
    },
    args: options,
    run: ({ args }) => {
      try {
        refuseUnknown(args, options);
        console.log(renderKeys(args.public));
      } catch (error) {
        reportUserError(error);
      }
    },
  }),
);
