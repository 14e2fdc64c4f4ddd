import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify, createRemoteJWKSet } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { jobViewSchema } from '../../src/shared/contract/job-view.js';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { type Receipt, receiptSchema } from '../../src/shared/contract/receipt.js';
import { webhookBodySchema } from '../../src/shared/contract/webhook-body.js';
import { createReceiptKeys, parseReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { dataUrlOf, UPLOAD_KEY } from '../support/photos/upload-photos.js';
import { readSample, runSample } from '../support/programs/document-sample.js';
import { type Service, startService, WEBHOOK_SECRET } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
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

/** The new key signs; the old one, of which only the public half is left, verifies. */
const OLD_KEYS = createReceiptKeys();
const RECEIPT_KEYS = createReceiptKeys(parseReceiptKeys(OLD_KEYS).keys);

let service: Service;
let receiver: WebhookReceiver;
let images: ImageServer;
let photos: PhotoSet;

beforeAll(async () => {
  const env = { API_KEYS: `acme:${ACME_KEY},globex:${GLOBEX_KEY}`, RECEIPT_KEYS, UPLOAD_KEYS: UPLOAD_KEY };
  service = await startService({ env });
  receiver = await startWebhookReceiver();
  images = await startImageServer();
  photos = await servePhotos(images);
});

afterAll(async () => {
  await images?.stop();
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

const auth = { authorization: `Bearer ${ACME_KEY}` };
const ask = (path: string, changes: Record<string, unknown> = {}) =>
  service.post(path, { user_id: 42, ...photos.same, receipt: true, ...changes }, auth);

/** Verifies a receipt with the keys that the service publishes, and returns its content. */
async function open(receipt: unknown): Promise<Receipt> {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', service.origin));
  const { payload } = await compactVerify(String(receipt), keys);
  return receiptSchema.parse(JSON.parse(Buffer.from(payload).toString()));
}

const bytesOf = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());
const digestOf = async (url: string) => hash('sha256', await bytesOf(url));

/** The auditor's tools. Not every machine has them. */
const hasOpenssl = ['openssl', 'basenc'].every((tool) => spawnSync(tool, ['--help']).error === undefined);

describe('receipts', () => {
  it('are absent unless the request asks for one', async () => {
    expect((await ask('/compare-faces', { receipt: false })).body).toEqual({ user_id: 42, matched: true });
  });

  it('state the decision and the bytes of all photos, also of one without a face and of an uploaded one', async () => {
    const { front_image1, front_image3, back_image } = photos.same;
    const uploaded = dataUrlOf(await bytesOf(front_image3));
    const answer = await ask('/compare-faces', { front_image2: photos.faceless, front_image3: uploaded });

    const receipt = await open(answer.body.receipt);
    expect(answer.body).toEqual({ user_id: 42, matched: true, receipt: expect.any(String) });
    expect(receipt).toMatchObject({
      request_id: answer.headers.get('x-request-id'),
      tenant: 'acme',
      user_id: 42,
      decision: 'matched',
      images: {
        front_image1: { status: 'matched', sha256: await digestOf(front_image1) },
        front_image2: { status: 'unusable', sha256: await digestOf(photos.faceless) },
        front_image3: { status: 'matched', sha256: await digestOf(front_image3) },
        back_image: { status: 'usable', sha256: await digestOf(back_image) },
      },
      model: { pack: 'lite' },
      calibration: { dataset: expect.any(String) },
    });
  });

  it('are the same in the job view and in the webhook', async () => {
    const callback_url = receiver.script('/receipt', [204]);
    const { body } = await ask('/jobs', { callback_url });
    const [received] = await receiver.waitFor('/receipt', 1);

    const { data } = webhookBodySchema.parse(received && verifyReceived(received, ACME_SECRET));
    const view = jobViewSchema.parse((await service.get(`/jobs/${body.job_id}`, auth)).body);
    expect(view.result?.receipt).toBe(data.result?.receipt);
    expect(await open(data.result?.receipt)).toMatchObject({ job_id: body.job_id, decision: 'matched' });
  });

  it('are given for a comparison that could not be decided, and repeated with its Idempotency-Key', async () => {
    const body = { user_id: 42, ...photos.same, back_image: photos.faceless, receipt: true };
    const headers = { ...auth, 'idempotency-key': 'receipt-1' };
    const first = await service.post('/compare-faces', body, headers);
    const again = await service.post('/compare-faces', body, headers);

    const { receipt, code } = problemSchema.parse(first.body);
    expect(await open(receipt)).toMatchObject({ decision: 'undecided', code });
    expect(again.body.receipt).toBe(receipt);
  });

  it('verify with the Node sample of docs/receipts.md', async () => {
    const { body } = await ask('/compare-faces');
    const place = { path: 'docs/receipts.md', language: 'js', mark: 'compactVerify' };
    const text = readSample(place, { 'http://127.0.0.1:8333': service.origin });

    const sample = runSample([process.execPath, '--input-type=module', '-'], text, {
      RECEIPT: String(body.receipt),
    });

    await sample.waitForOutput("decision: 'matched'");
  });

  it.skipIf(!hasOpenssl)('verify with the OpenSSL sample of docs/receipts.md', async () => {
    const { body } = await ask('/compare-faces');
    const place = { path: 'docs/receipts.md', language: 'sh', mark: 'pkeyutl' };
    const folder = mkdtempSync(join(tmpdir(), 'face-receipt-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));

    const sample = runSample(['sh'], `cd ${folder}\n${readSample(place, {})}`, {
      RECEIPT: String(body.receipt),
      X: parseReceiptKeys(RECEIPT_KEYS).keys[0]?.published.x ?? '',
    });

    await sample.waitForOutput('Signature Verified Successfully');
  });

  it('are verified by keys that anyone can read and keep for an hour, those before a rotation included', async () => {
    const response = await fetch(`${service.origin}/.well-known/jwks.json`);

    const published = parseReceiptKeys(RECEIPT_KEYS).keys.map((key) => key.published);
    expect(await response.json()).toEqual({ keys: published });
    expect(published[1]).toEqual(parseReceiptKeys(OLD_KEYS).keys[0]?.published);
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600');
  });
});
