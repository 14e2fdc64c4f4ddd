import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { tenantWebhookSecret } from '../../src/shared/webhooks/webhook-secret.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type Answer, type Service, startService, WEBHOOK_SECRET } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import {
  type ReceivedWebhook,
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

const SHOP = 'shop-0123456789abcdef';
const SHOP_NEXT = 'shop-next-0123456789abcdef';
const BANK = 'bank-0123456789abcdef';
const LEGACY = 'legacy-0123456789abcdef';
const LEGACY_NEXT = 'legacy-next-0123456789abcdef';

const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [SHOP_SECRET, SHOP_NEXT_SECRET, BANK_SECRET] = [secret(1), secret(2), secret(3)] as const;

/** Tenants by name, as TENANTS_FILE has them. */
type Tenants = Readonly<Record<string, object>>;

let folder: string;
let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let receiver: WebhookReceiver;
let usual: Tenants;

/** Replaces a file in one step. */
function replace(name: string, text: string): void {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-tenants-'));
  images = await startImageServer();
  receiver = await startWebhookReceiver();
  photos = await servePhotos(images);
  usual = {
    shop: { keys: [SHOP], webhook: { url: `${receiver.origin}/shop`, secrets: [SHOP_SECRET] } },
    bank: {
      keys: [BANK],
      threshold: 0.55,
      min_threshold: 0.45,
      min_matches: 3,
      allowed_image_hosts: ['127.0.0.1'],
      webhook: { url: `${receiver.origin}/bank`, secrets: [BANK_SECRET] },
    },
  };
  writeFileSync(join(folder, 'keys'), `legacy:${LEGACY}`);
  writeFileSync(join(folder, 'tenants.yaml'), JSON.stringify({ tenants: usual }));
  service = await startService({
    env: {
      TENANTS_FILE: join(folder, 'tenants.yaml'),
      API_KEYS_FILE: join(folder, 'keys'),
      IMAGE_HOST_HEADERS: JSON.stringify({ [`127.0.0.1:${images.port}`]: { 'x-token': 'secret' } }),
    },
  });
});

afterAll(async () => {
  await service?.stop();
  await receiver?.stop();
  await images?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const request = (changes: object = {}) => ({ user_id: 'u-1', ...photos.same, ...changes });
const jobIdOf = ({ body }: Answer) => String(body.job_id);

/** Lines of the programs that say how reading their settings went, from `start` on. */
const reloadsOf = (program: Service['api'], start: number) =>
  program.lines
    .slice(start)
    .filter(({ msg }) => msg === 'settings read again' || msg === 'changed settings are wrong and not used');

const programsOf = (): readonly Service['api'][] => [service.api, ...service.workers];

/** Changes a file and waits until API and worker have read it; resolves with what they logged. */
async function change(write: () => void): Promise<readonly unknown[]> {
  const programs = programsOf();
  const starts = programs.map(({ lines }) => lines.length);
  write();
  return vi.waitFor(
    () => {
      const lines = programs.map((program, index) => reloadsOf(program, starts[index] ?? 0).at(-1));
      for (const line of lines) expect(line).toBeDefined();
      return lines.map((line) => line?.msg);
    },
    { timeout: 60_000 },
  );
}

let writes = 0;
/**
 * Writes these tenants and waits until they hold. The comment makes each writing a change, and the signal makes the programs
 * use it now; without one they read the file twice, a second apart.
 */
const useTenants = (tenants: Tenants) => {
  writes += 1;
  return change(() => {
    replace('tenants.yaml', `${JSON.stringify({ tenants })} # ${writes}`);
    for (const program of programsOf()) program.process.kill('SIGHUP');
  });
};

/** The first webhook about this job. */
async function webhookOf(path: string, jobId: string): Promise<ReceivedWebhook> {
  return vi.waitFor(
    () => {
      const found = receiver.received.find(({ id, path: at }) => at === path && id === `wh_${jobId}`);
      if (!found) throw new Error(`no webhook about ${jobId}`);
      return found;
    },
    { timeout: 60_000 },
  );
}

describe('tenants of TENANTS_FILE', () => {
  it('call with their keys beside those of API_KEYS, and nobody without one', async () => {
    const statuses = [bearer(SHOP), bearer(BANK), bearer(LEGACY), bearer(SHOP_NEXT), {}].map(
      async (headers) => (await service.get('/jobs/r_none', headers)).status,
    );

    expect(await Promise.all(statuses)).toEqual([404, 404, 404, 401, 401]);
  });

  it('get their own threshold and number of matches, unless a request names others', async () => {
    const payloadOf = async (key: string, changes: object = {}) => {
      const jobId = jobIdOf(await service.post('/jobs', request(changes), bearer(key)));
      return JSON.parse(JSON.parse(await service.redisText(`{face}:compare-lite:${jobId}`)).data);
    };

    expect(await payloadOf(BANK)).toMatchObject({ threshold: 0.55, min_matches: 3, tenant: 'bank' });
    expect(await payloadOf(BANK, { threshold: 0.45, min_matches: 2 })).toMatchObject({
      threshold: 0.45,
      min_matches: 2,
    });
    expect(await payloadOf(SHOP)).toMatchObject({
      threshold: 0.5,
      min_matches: 2,
      tenant: 'shop',
      tenant_is_listed: true,
    });
    expect(await payloadOf(LEGACY)).not.toHaveProperty('tenant_is_listed');
  });

  it('cannot ask for a threshold below their own minimum, which others can', async () => {
    const refused = await service.post('/jobs', request({ threshold: 0.3 }), bearer(BANK));
    const accepted = await service.post('/jobs', request({ threshold: 0.3 }), bearer(SHOP));

    expect(refused.status).toBe(422);
    expect(refused.body.errors).toEqual([
      {
        field: 'threshold',
        code: 'invalid_request',
        detail: 'must be at least 0.45, the min_threshold of this API key, not 0.3',
      },
    ]);
    expect(accepted.status).toBe(202);
  });

  it('have photos from their own hosts only', async () => {
    const elsewhere = { front_image2: 'https://photos.acme.com/2.jpg' };

    const refused = await service.post('/jobs', request(elsewhere), bearer(BANK));
    const accepted = await service.post('/jobs', request(elsewhere), bearer(SHOP));

    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: 'image_url_forbidden', image: 'front_image2' });
    expect(accepted.status).toBe(202);
  });

  it('get the headers of private photos only for hosts that they list, and callers of API_KEYS for all', async () => {
    const tokens: unknown[] = [];
    const back_image = images.serve('/private.jpg', (incoming, response) => {
      tokens.push(incoming.headers['x-token']);
      response.writeHead(403).end();
    });
    const codeOf = async (key: string) =>
      (await service.post('/compare-faces', request({ back_image }), bearer(key))).body.code;

    const codes = [await codeOf(SHOP), await codeOf(BANK), await codeOf(LEGACY)];

    expect(codes).toEqual(['image_not_available', 'image_not_available', 'image_not_available']);
    expect(tokens).toEqual([undefined, 'secret', 'secret']);
  });

  it('send results to their own webhook, signed with their own secrets and no others', async () => {
    const bank = jobIdOf(await service.post('/jobs', request(), bearer(BANK)));
    const shop = jobIdOf(await service.post('/jobs', request(), bearer(SHOP)));
    const url = `${receiver.origin}/legacy`;
    const legacy = jobIdOf(await service.post('/jobs', request({ callback_url: url }), bearer(LEGACY)));

    const received = {
      bank: await webhookOf('/bank', bank),
      shop: await webhookOf('/shop', shop),
      legacy: await webhookOf('/legacy', legacy),
    };

    const secrets = {
      bank: BANK_SECRET,
      shop: SHOP_SECRET,
      legacy: tenantWebhookSecret(WEBHOOK_SECRET, 'legacy'),
      master: WEBHOOK_SECRET,
    };
    for (const [tenant, webhook] of Object.entries(received))
      for (const [owner, own] of Object.entries(secrets)) {
        const verify = () => verifyReceived(webhook, own);
        if (owner === tenant) expect(verify()).toMatchObject({ tenant });
        else expect(verify, `${owner} for ${tenant}`).toThrow();
      }
  });
});

describe('changes of TENANTS_FILE', () => {
  beforeEach(() => useTenants(usual));

  it('limit the rate of one tenant and not of others', async () => {
    await useTenants({ ...usual, few: { keys: [SHOP_NEXT], rate_limit_per_minute: 2 } });
    const statusOf = async (key: string) => (await service.get('/jobs/r_none', bearer(key))).status;

    const few = [await statusOf(SHOP_NEXT), await statusOf(SHOP_NEXT), await statusOf(SHOP_NEXT)];

    expect(few).toEqual([404, 404, 429]);
    expect([await statusOf(SHOP), await statusOf(SHOP), await statusOf(SHOP)]).toEqual([404, 404, 404]);
    await useTenants({ ...usual, few: { keys: [SHOP_NEXT], rate_limit_per_minute: 100 } });
    expect(await statusOf(SHOP_NEXT)).toBe(404);
  });

  it('do not turn a repeated batch into another one, although its default webhook moved', async () => {
    const send = () =>
      service.post('/batches', [request()], { ...bearer(SHOP), 'idempotency-key': 'moved-webhook' });
    const first = await send();
    await useTenants({ ...usual, shop: { ...usual.shop, webhook: { secrets: [SHOP_SECRET] } } });

    const repeated = await send();

    expect([repeated.status, repeated.body]).toEqual([202, first.body]);
  });

  it('refuse a key once it expires', async () => {
    const expires = new Date(Date.now() + 500).toISOString();
    await useTenants({ ...usual, brief: { keys: [{ key: SHOP_NEXT, expires }] } });

    await vi.waitFor(
      async () => expect((await service.get('/jobs/r_none', bearer(SHOP_NEXT))).status).toBe(401),
      { timeout: 60_000 },
    );
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires));
  });

  it('rotate the secret of a webhook: receivers with the old or the new one accept it', async () => {
    const shop = (...secrets: string[]) => ({
      ...usual,
      shop: { keys: [SHOP], webhook: { url: `${receiver.origin}/shop`, secrets } },
    });
    const deliver = async (): Promise<ReceivedWebhook> =>
      webhookOf('/shop', jobIdOf(await service.post('/jobs', request(), bearer(SHOP))));

    await useTenants(shop(SHOP_SECRET, SHOP_NEXT_SECRET));
    const both = await deliver();
    await useTenants(shop(SHOP_NEXT_SECRET));
    const after = await deliver();

    for (const each of [SHOP_SECRET, SHOP_NEXT_SECRET])
      expect(verifyReceived(both, each)).toMatchObject({ tenant: 'shop' });
    expect(verifyReceived(after, SHOP_NEXT_SECRET)).toMatchObject({ tenant: 'shop' });
    expect(() => verifyReceived(after, SHOP_SECRET)).toThrow();
  });

  it('fail no request and change no answer under load, while keys rotate and a file is broken', async () => {
    const keys = { shop: SHOP, legacy: LEGACY };
    const wrong: unknown[] = [];
    let answers = 0;
    let isOver = false;
    const call = async (tenant: keyof typeof keys, matched: boolean): Promise<void> => {
      const [one, two, three] = [photos.other, photos.other, photos.other];
      const strangers = matched ? {} : { front_image1: one, front_image2: two, front_image3: three };
      while (!isOver) {
        const answer = await service.post('/compare-faces', request(strangers), bearer(keys[tenant]));
        answers += 1;
        if (answer.status !== 200 || answer.body.matched !== matched) wrong.push(answer.body);
      }
    };
    const callers = [call('shop', true), call('shop', false), call('legacy', true), call('legacy', false)];
    const shop = (...own: string[]) => ({ ...usual, shop: { ...usual.shop, keys: own } });
    const untilAnswers = (count: number) => {
      const from = answers;
      return vi.waitFor(() => expect(answers).toBeGreaterThanOrEqual(from + count), { timeout: 60_000 });
    };

    await untilAnswers(4);
    for (const [old, next] of [
      [SHOP, SHOP_NEXT],
      [SHOP_NEXT, SHOP],
    ] as const) {
      expect(await useTenants(shop(old, next))).not.toContain('changed settings are wrong and not used');
      keys.shop = next;
      await untilAnswers(8);
      expect(await change(() => replace('tenants.yaml', 'tenants: {shop: [')), 'broken').toEqual([
        'changed settings are wrong and not used',
        'changed settings are wrong and not used',
      ]);
      expect(await (await fetch(service.metricsUrl)).text()).toContain(
        'face_settings_stale{service="api"} 1',
      );
      await untilAnswers(4);
      await useTenants(shop(next));
      expect((await service.get('/jobs/r_none', bearer(old))).status).toBe(401);
    }
    await rotateLegacy(keys, untilAnswers);
    isOver = true;
    await Promise.all(callers);

    expect(wrong).toEqual([]);
    expect(await (await fetch(service.metricsUrl)).text()).toContain('face_settings_stale{service="api"} 0');
  });
});

/** Rotates the key in API_KEYS_FILE, which the API alone reads. */
async function rotateLegacy(
  keys: { legacy: string },
  untilAnswers: (count: number) => Promise<void>,
): Promise<void> {
  const statusOf = async (key: string) => (await service.get('/jobs/r_none', bearer(key))).status;
  const untilStatus = (key: string, status: number) =>
    vi.waitFor(async () => expect(await statusOf(key)).toBe(status), { timeout: 60_000 });
  replace('keys', `legacy:${LEGACY},legacy:${LEGACY_NEXT}`);
  await untilStatus(LEGACY_NEXT, 404);
  keys.legacy = LEGACY_NEXT;
  await untilAnswers(8);
  replace('keys', `legacy:${LEGACY_NEXT}`);
  await untilStatus(LEGACY, 401);
  await untilAnswers(4);
}
