import { describe, expect, it } from 'vitest';
import { type GreetingFacts, renderGreeting } from '../../../../src/cli/start/greeting.js';
import { compareRequestSchema } from '../../../../src/shared/contract/compare-request.js';

const FACTS: GreetingFacts = {
  origin: 'http://127.0.0.1:8333',
  model: 'lite',
  threshold: '0.5 means an FMR of at most 4.4e-6.',
  seconds: 3.21,
  envFile: undefined,
  keyNames: [],
  onLoopback: true,
  warnings: [],
  webhookSecrets: new Map([['anonymous', 'whsec_abc']]),
  photos: {
    origin: 'http://127.0.0.1:8336',
    fronts: ['a.jpg', "b 'c'.jpg", 'ü.png'],
    reference: 'back.jpg',
    description: 'samples',
  },
};

function bodyOf(greeting: string): unknown {
  return JSON.parse(/-d '([^']*)'/.exec(greeting)?.[1] ?? '');
}

describe('renderGreeting', () => {
  it('shows a curl line with the photos that it serves, whatever their names', () => {
    const body = compareRequestSchema.parse(bodyOf(renderGreeting(FACTS)));

    expect(body).toMatchObject({
      front_image1: { kind: 'url', url: 'http://127.0.0.1:8336/a.jpg' },
      front_image2: { kind: 'url', url: 'http://127.0.0.1:8336/b%20%27c%27.jpg' },
      front_image3: { kind: 'url', url: 'http://127.0.0.1:8336/%C3%BC.png' },
      back_image: { kind: 'url', url: 'http://127.0.0.1:8336/back.jpg' },
    });
  });

  it('asks for the URLs of photos if it serves none, and names the variable', () => {
    const greeting = renderGreeting({ ...FACTS, photos: undefined });

    expect(compareRequestSchema.safeParse(bodyOf(greeting)).success).toBe(true);
    expect(greeting).toMatch(/ALLOWED_PRIVATE_HOSTS[\s\S]*Insert the URLs/);
  });

  it('says what the default threshold means', () => {
    expect(renderGreeting(FACTS)).toMatch(/^ {2}Threshold +0\.5 means an FMR of at most 4\.4e-6\.$/m);
  });

  it('leaves the webhook secret out when it is the caller’s own', () => {
    expect(renderGreeting(FACTS)).toContain('whsec_abc');
    expect(renderGreeting({ ...FACTS, webhookSecrets: new Map() })).not.toContain('Webhooks');
  });

  it('names the key of each webhook secret if callers need one', () => {
    const webhookSecrets = new Map([
      ['shop', 'whsec_abc'],
      ['bank', 'whsec_def'],
    ]);

    const greeting = renderGreeting({ ...FACTS, webhookSecrets, keyNames: ['shop', 'bank'] });

    expect(greeting).toContain('whsec_abc for the key shop');
    expect(greeting).toContain('whsec_def for the key bank');
  });

  it('says that anyone can call a service without keys', () => {
    expect(renderGreeting(FACTS)).toMatch(/API keys +none .*every program on this machine can call/);
    expect(renderGreeting({ ...FACTS, onLoopback: false })).toMatch(/none .*anyone who can reach/);
  });

  it('names the keys that callers need, and puts a place for one into the curl line', () => {
    const greeting = renderGreeting({ ...FACTS, keyNames: ['shop'] });

    expect(greeting).toMatch(/API keys +required; accepted: shop$/m);
    expect(greeting).toContain("-H 'authorization: Bearer YOUR_KEY'");
  });

  it('says which file was read and what it added', () => {
    const envFile = { path: '.env', names: ['API_KEYS', 'PORT'], warnings: [] };

    expect(renderGreeting({ ...FACTS, envFile })).toMatch(/\.env \(API_KEYS, PORT\)$/m);
    expect(renderGreeting(FACTS)).toContain('there is no .env');
  });

  it('repeats warnings about settings', () => {
    expect(renderGreeting({ ...FACTS, warnings: ['X is "abc"; using 1'] })).toMatch(/Warning +X is "abc"/);
  });
});
