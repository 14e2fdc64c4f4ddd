import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReceiptKeys, parseReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';

const MASTER = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NEXT_MASTER = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
const ACME = 'whsec_ZdvM+w0AXTT7NP5n8frmleUWvzrS/HaCrwijTB9vUWY=';
const NEXT_ACME = 'whsec_/M3YLXg68LfuwePLPFb6qLmjuF/+dK4FjKtpxrCeFGE=';
const KEYS = 'acme:0123456789abcdef,globex:fedcba9876543210';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webhook-secret-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Command = 'webhook-secret' | 'receipt-key';

async function run(command: Command, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', `src/cli/${command}.ts`, ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, out, err };
}

describe('npm run webhook-secret', () => {
  it('prints a tenant’s secret for each master, and nothing else', async () => {
    const result = await run('webhook-secret', ['acme'], {
      WEBHOOK_SECRETS: `${MASTER},${NEXT_MASTER}`,
      API_KEYS: KEYS,
    });

    expect(result).toEqual({ code: 0, out: `${ACME}\n${NEXT_ACME}\n`, err: '' });
  });

  it('prints the own secrets of a tenant of TENANTS_FILE, and derives those of others', async () => {
    const path = join(folder, 'tenants.yaml');
    const own = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
    await writeFile(path, `tenants:\n  shop: { webhook: { secrets: [${own}] } }\n  acme: {}\n`);
    const env = { WEBHOOK_SECRETS: MASTER, TENANTS_FILE: path };

    const [shop, acme, none] = await Promise.all(
      ['shop', 'acme', 'nobody'].map((name) => run('webhook-secret', [name], env)),
    );

    expect([shop?.out, acme?.out]).toEqual([`${own}\n`, `${ACME}\n`]);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining('They name: shop, acme.') });
  });

  it('reads the masters from a file, and does not need the keys', async () => {
    const path = join(folder, 'secrets');
    await writeFile(path, `${MASTER}\n`);

    expect(await run('webhook-secret', ['acme'], { WEBHOOK_SECRETS_FILE: path })).toMatchObject({
      code: 0,
      out: `${ACME}\n`,
    });
  });

  it.each([
    ['a name that no key has', ['acne'], { API_KEYS: KEYS }, 'Neither API_KEYS nor TENANTS_FILE names acne'],
    [
      'anonymous beside keys',
      ['anonymous'],
      { API_KEYS: KEYS },
      'Neither API_KEYS nor TENANTS_FILE names anonymous',
    ],
    ['a name that no key can have', ['a b'], {}, 'cannot be the name of an API key'],
    ['an unknown option', ['acme', '--pack=x'], {}, 'There is no option --pack'],
    ['a malformed master', ['acme'], { WEBHOOK_SECRETS: 'whsec_x' }, 'WEBHOOK_SECRETS: every secret must'],
    ['no master', ['acme'], { WEBHOOK_SECRETS: '' }, 'Set WEBHOOK_SECRETS'],
  ])('refuses %s', async (_what, args, env, message) => {
    const result = await run('webhook-secret', args, { WEBHOOK_SECRETS: MASTER, ...env });

    expect(result).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message) });
  });
});

describe('npm run receipt-key', () => {
  it('prints a new key before the public halves of those that are set', async () => {
    const present = createReceiptKeys();

    const { code, out, err } = await run('receipt-key', [], { RECEIPT_KEYS: present });

    const { keys, problems } = parseReceiptKeys(out);
    expect({ code, err, problems }).toEqual({ code: 0, err: '', problems: [] });
    expect(keys.map(({ privateKey }) => privateKey !== undefined)).toEqual([true, false]);
    expect(keys[1]?.published).toEqual(parseReceiptKeys(present).keys[0]?.published);
  });

  it('prints the public halves alone, and says what to do without any', async () => {
    const present = createReceiptKeys();

    const published = await run('receipt-key', ['--public'], { RECEIPT_KEYS: present });
    const none = await run('receipt-key', ['--public']);

    expect(parseReceiptKeys(published.out).keys).toHaveLength(1);
    expect(published.out).not.toContain(JSON.parse(present).keys[0].d);
    expect(none).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Set RECEIPT_KEYS') });
  });
});
