import { describe, expect, it } from 'vitest';
import { renderGreeting } from '../../../../src/cli/start/greeting.js';
import { compareRequestSchema } from '../../../../src/shared/contract.js';

const FACTS = {
  origin: 'http://127.0.0.1:8333',
  model: 'lite',
  seconds: 3.21,
  webhookSecrets: new Map([['anonymous', 'whsec_abc']]),
  needsKey: false,
  allowsLoopback: false,
};

describe('renderGreeting', () => {
  it('shows a curl line whose body the service accepts', () => {
    const [, body = ''] = /-d '(.*)'/.exec(renderGreeting(FACTS)) ?? [];

    expect(compareRequestSchema.safeParse(JSON.parse(body)).success).toBe(true);
  });

  it('leaves the webhook secret out when it is the caller’s own', () => {
    expect(renderGreeting(FACTS)).toContain('whsec_abc');
    expect(renderGreeting({ ...FACTS, webhookSecrets: new Map() })).not.toContain('Webhooks');
  });

  it('names the key of each webhook secret where callers need one', () => {
    const webhookSecrets = new Map([
      ['shop', 'whsec_abc'],
      ['bank', 'whsec_def'],
    ]);

    const greeting = renderGreeting({ ...FACTS, webhookSecrets, needsKey: true });

    expect(greeting).toContain('whsec_abc for the key shop');
    expect(greeting).toContain('whsec_def for the key bank');
  });

  it('reminds of the key where callers need one', () => {
    expect(renderGreeting({ ...FACTS, needsKey: true })).toContain("-H 'authorization: Bearer YOUR_KEY'");
  });

  it('tells how to try photos of this machine, and how to serve them once that is allowed', () => {
    expect(renderGreeting(FACTS)).toContain('ALLOWED_PRIVATE_HOSTS=127.0.0.1 npm start');
    expect(renderGreeting({ ...FACTS, allowsLoopback: true })).toContain('--bind 127.0.0.1');
  });
});
