import { compactVerify, createLocalJWKSet } from 'jose';
import type { Receipt, ReceiptKeys } from './types.js';

const TYPE = 'face-receipt+jwt';
/** A signature in the only base64url that its 64 bytes have: the last character carries two bits. */
const SIGNATURE = /\.[\w-]{85}[AQgw]$/;

/**
 * Returns the content of a receipt that is signed with one of `keys`, which `/.well-known/jwks.json` of the service has.
 * Then check that its job, tenant, user and photos are those that you expect.
 * @throws Error if the receipt was changed, is signed with another key, or is another kind of token.
 */
export async function verifyReceipt(receipt: string, keys: ReceiptKeys): Promise<Receipt> {
  if (!SIGNATURE.test(receipt)) throw new Error('not a receipt');
  const options = { algorithms: ['EdDSA'] };
  const { payload, protectedHeader } = await compactVerify(receipt, createLocalJWKSet(keys), options);
  if (protectedHeader.typ !== TYPE) throw new Error('not a receipt');
  return JSON.parse(new TextDecoder().decode(payload)) as Receipt;
}
