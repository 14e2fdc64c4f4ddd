import { z } from 'zod';
import { type PublicReceiptKey, RECEIPT_ALGORITHM } from '../../shared/receipts/receipt-keys.js';
import { defineOperation } from './define-operation.js';

/** Time for which verifiers can keep the keys, seconds. They ask again when they meet an unknown `kid`. */
const CACHE_SECONDS = 3_600;

export interface GetReceiptKeysDependencies {
  readonly receiptKeys: readonly PublicReceiptKey[];
}

export const receiptKeysSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string().meta({ description: 'SHA-256 thumbprint of the key (RFC 7638).' }),
        alg: z.literal(RECEIPT_ALGORITHM),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'ReceiptKeys' });

const EXAMPLE = {
  keys: [
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
      alg: RECEIPT_ALGORITHM,
      use: 'sig',
    },
  ],
};

export const getReceiptKeysOperation = defineOperation<GetReceiptKeysDependencies>({
  method: 'get',
  path: '/.well-known/jwks.json',
  id: 'getReceiptKeys',
  tag: 'Service',
  summary: 'Read the keys that verify receipts',
  description:
    'A JSON Web Key Set (RFC 7517). The first key signs new receipts, the others verify older ones. Empty if this service ' +
    'gives no receipts.',
  access: 'open',
  answers: {
    200: { description: 'The public keys.', schema: receiptKeysSchema, example: EXAMPLE },
  },
  errors: [],
  createHandler:
    ({ receiptKeys: keys }) =>
    (context) => {
      context.header('cache-control', `public, max-age=${CACHE_SECONDS}`);
      return context.json({ keys });
    },
});
