import { readFileSync } from 'node:fs';
import { Webhook as Signer } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { verifyReceipt } from '../../../clients/typescript/src/verify-receipt.js';
import { verifyWebhook } from '../../../clients/typescript/src/verify-webhook.js';
import { createReceiptKeys } from '../../../src/shared/receipts/receipt-keys.js';

/** A receipt that the service made, and the keys that it published. */
const { receipt, keys } = JSON.parse(
  readFileSync(new URL('../../fixtures/receipt.json', import.meta.url), 'utf8'),
);

describe('verifyReceipt', () => {
  it('returns what the service signed', async () => {
    expect(await verifyReceipt(receipt, keys)).toMatchObject({
      decision: 'matched',
      images: { front_image3: { status: 'not_matched', similarity: 0.3 } },
    });
  });

  it('refuses a receipt with a changed character, wherever it is', async () => {
    // Every fifth place, so that each of the four places in a group of base64url occurs.
    const places = Array.from({ length: Math.floor(receipt.length / 5) }, (_, nth) => nth * 5);
    const changed = places.map((index) => {
      const other = receipt[index] === 'A' ? 'B' : 'A';
      return `${receipt.slice(0, index)}${other}${receipt.slice(index + 1)}`;
    });
    // Bits that base64url ignores.
    changed.push(receipt.slice(0, -1) + String.fromCharCode(receipt.charCodeAt(receipt.length - 1) + 1));

    const verified = await Promise.allSettled(changed.map((text) => verifyReceipt(text, keys)));

    expect(verified.map(({ status }) => status)).toEqual(changed.map(() => 'rejected'));
  });

  it('refuses the receipt of another key, more text and no receipt', async () => {
    const { keys: others } = JSON.parse(createReceiptKeys());

    await expect(verifyReceipt(receipt, { keys: others })).rejects.toThrow();
    await expect(verifyReceipt(`${receipt}\n`, keys)).rejects.toThrow('not a receipt');
    await expect(verifyReceipt('', keys)).rejects.toThrow('not a receipt');
  });
});

describe('verifyWebhook', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const text = JSON.stringify({ type: 'comparison.completed', tenant: 'shop', data: { job_id: 'r_1' } });
  const now = new Date();
  const headers = {
    'Webhook-Id': 'msg_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Signer(secret).sign('msg_1', now, text),
  };

  it('returns a genuine webhook of this tenant, with the headers of Node or of fetch', () => {
    const rules = { secret, tenant: 'shop' };

    expect(verifyWebhook(text, headers, rules)).toMatchObject({ data: { job_id: 'r_1' } });
    expect(verifyWebhook(Buffer.from(text), new Headers(headers), rules)).toMatchObject({ tenant: 'shop' });
  });

  it('refuses a changed body, another secret and another tenant', () => {
    expect(() => verifyWebhook(`${text} `, headers, { secret, tenant: 'shop' })).toThrow();
    expect(() => verifyWebhook(text, headers, { secret: 'whsec_AAAA', tenant: 'shop' })).toThrow();
    expect(() => verifyWebhook(text, headers, { secret, tenant: 'other' })).toThrow('for the tenant shop');
  });
});
