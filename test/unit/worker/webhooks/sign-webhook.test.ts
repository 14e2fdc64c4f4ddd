import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signWebhook } from '../../../../src/worker/webhooks/sign-webhook.js';

/** The vector that the reference libraries of Standard Webhooks test against. */
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  message: {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestampSeconds: 1_614_265_330,
    body: '{"test": 2432232314}',
  },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
/** Its signature of the same message was made with `openssl dgst -sha256 -mac HMAC`. */
const OTHER_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

describe('signWebhook', () => {
  it('produces the signature of the published vector', () => {
    expect(signWebhook(VECTOR.message, [VECTOR.secret])).toBe(VECTOR.signature);
  });

  it('signs with every secret, in their order, while one replaces another', () => {
    const both = signWebhook(VECTOR.message, [VECTOR.secret, OTHER_SECRET]).split(' ');

    expect(both).toHaveLength(2);
    expect(both[0]).toBe(VECTOR.signature);
    expect(both[1]).toBe('v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=');
  });

  it('signs the UTF-8 bytes of the body', () => {
    const body = '{"user_id":"Zoë – 李"}';
    const key = Buffer.from(OTHER_SECRET.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key)
      .update(Buffer.from(`wh_1.1700000000.${body}`))
      .digest('base64');

    expect(signWebhook({ id: 'wh_1', timestampSeconds: 1_700_000_000, body }, [OTHER_SECRET])).toBe(
      `v1,${expected}`,
    );
  });

  it('refuses to sign without a secret', () => {
    expect(() => signWebhook(VECTOR.message, [])).toThrow('this is a bug');
  });
});
