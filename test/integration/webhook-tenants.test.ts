import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { webhookBodySchema } from '../../src/shared/contract/webhook-body.js';
import { type Service, startService, WEBHOOK_SECRET } from '../support/programs/service.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

const ACME_KEY = '0123456789abcdef';
const GLOBEX_KEY = 'fedcba9876543210';
/** Derived from WEBHOOK_SECRET with Python's hmac, as RFC 5869 says. */
const ACME_SECRET = 'whsec_ZdvM+w0AXTT7NP5n8frmleUWvzrS/HaCrwijTB9vUWY=';
const GLOBEX_SECRET = 'whsec_g/P0fpMBDEiVjWf8HqNkqd1eCYErW/6d04XDDri6aSc=';

let service: Service;
let receiver: WebhookReceiver;

beforeAll(async () => {
  service = await startService({ env: { API_KEYS: `acme:${ACME_KEY},globex:${GLOBEX_KEY}` } });
  receiver = await startWebhookReceiver();
});

afterAll(async () => {
  await receiver?.stop();
  await service?.stop();
});

async function askForWebhook(path: string, key: string) {
  const photo = `${receiver.script('/photo', [404])}`;
  const body = {
    user_id: 'u-1',
    front_image1: photo,
    front_image2: photo,
    front_image3: photo,
    back_image: photo,
    callback_url: receiver.script(path, [204]),
  };
  const accepted = await service.post('/jobs', body, { authorization: `Bearer ${key}` });
  const [received] = await receiver.waitFor(path, 1, 30_000);
  if (!received) throw new Error('this is a bug: waitFor gave nothing');
  return { received, jobId: accepted.body.job_id };
}

describe('webhooks of two tenants', () => {
  it('are signed with the secret of the one that asked, and name it', async () => {
    const { received, jobId } = await askForWebhook('/acme', ACME_KEY);

    const body = webhookBodySchema.parse(verifyReceived(received, ACME_SECRET));
    expect(body).toMatchObject({ tenant: 'acme', data: { job_id: jobId, user_id: 'u-1' } });
  });

  it('cannot be forged: what one asks for does not verify at the other’s receiver', async () => {
    const { received } = await askForWebhook('/receiver-of-acme', GLOBEX_KEY);

    expect(() => verifyReceived(received, ACME_SECRET)).toThrow();
    expect(() => verifyReceived(received, WEBHOOK_SECRET)).toThrow();
    expect(verifyReceived(received, GLOBEX_SECRET)).toMatchObject({ tenant: 'globex' });
  });
});
