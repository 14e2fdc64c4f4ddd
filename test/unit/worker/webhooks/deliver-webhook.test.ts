import { createServer } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AddressPolicy, createAddressPolicy } from '../../../../src/shared/net/address-policy.js';
import { createGuardedAgent } from '../../../../src/worker/net/guarded-agent.js';
import {
  type DeliveryDependencies,
  deliverWebhook,
  MAX_ANSWER_BYTES,
} from '../../../../src/worker/webhooks/deliver-webhook.js';
import { listen } from '../../../support/servers/listen.js';
import { readLoopbackCertificate } from '../../../support/servers/loopback-certificate.js';
import {
  type ScriptedAnswer,
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../../../support/servers/webhook-receiver.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const NEXT_SECRET = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const BODY = '{"type":"comparison.completed","data":{"user_id":"Zoë – 李"}}';

let receiver: WebhookReceiver;
let agents: Dispatcher[];

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  agents = [];
});

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.destroy()));
  await receiver.stop();
});

function policyFor(...allowedPrivateHosts: string[]): AddressPolicy {
  return createAddressPolicy({ allowedPrivateHosts, allowedImageHosts: [], allowedPorts: [] });
}

function dependencies(
  changes: Partial<DeliveryDependencies> = {},
  lookup?: LookupFunction,
): DeliveryDependencies {
  const policy = changes.policy ?? policyFor('127.0.0.1');
  const agent = createGuardedAgent(policy, { connectTimeoutMs: 1_000, ...(lookup ? { lookup } : {}) });
  agents.push(agent);
  return { agent, policy, timeoutMs: 5_000, now: Date.now, ...changes };
}

function deliverTo(url: string, deps = dependencies(), secrets: readonly string[] = [SECRET]) {
  return deliverWebhook({ url, id: 'wh_r_1', body: BODY, secrets }, deps);
}

const answering = (answer: ScriptedAnswer): string => receiver.script('/hook', [answer]);

describe('deliverWebhook', () => {
  it('sends exactly the bytes it signed, as a Standard Webhook', async () => {
    const outcome = await deliverTo(answering(204));

    const [received] = receiver.received;
    expect(outcome).toEqual({ kind: 'delivered', status: 204 });
    expect(received?.rawBody.equals(Buffer.from(BODY))).toBe(true);
    expect(received && verifyReceived(received, SECRET)).toEqual(JSON.parse(BODY));
    expect(received?.headers['content-type']).toBe('application/json');
    expect(received?.headers['user-agent']).toBe('face-verification-webhooks/1');
  });

  it('posts to path and query byte for byte, because they may be signed', async () => {
    const url = `${new URL(answering(204)).origin}/it's/{id}/../hook`;

    await deliverTo(url);

    expect(receiver.received[0]?.path).toBe("/it's/{id}/../hook");
  });

  it('keeps the id and uses the time of each attempt', async () => {
    const url = answering(204);

    await deliverTo(url, dependencies({ now: () => 1_700_000_000_999 }));
    await deliverTo(url, dependencies({ now: () => 1_700_000_300_000 }));

    expect(receiver.received.map(({ id }) => id)).toEqual(['wh_r_1', 'wh_r_1']);
    expect(receiver.received.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000, 1_700_000_300]);
  });

  it('is accepted by holders of the old and of the new secret during rotation', async () => {
    await deliverTo(answering(204), dependencies(), [SECRET, NEXT_SECRET]);

    const [received] = receiver.received;
    if (!received) throw new Error('nothing arrived');
    expect(() => verifyReceived(received, SECRET)).not.toThrow();
    expect(() => verifyReceived(received, NEXT_SECRET)).not.toThrow();
  });

  it('refuses to send unsigned', async () => {
    const outcome = await deliverTo(answering(204), dependencies(), []);

    expect(outcome).toEqual({ kind: 'retry', reason: 'no signing secret is configured' });
    expect(receiver.received).toEqual([]);
  });

  it.each([200, 201, 202, 299])('counts %i as delivered', async (status) => {
    expect(await deliverTo(answering(status))).toEqual({ kind: 'delivered', status });
  });

  it.each([400, 401, 404, 408, 500, 502, 504])('treats %i as a transient failure', async (status) => {
    expect(await deliverTo(answering(status))).toEqual({
      kind: 'retry',
      reason: `the receiver answered ${status}`,
      status,
    });
  });

  it('stops at 410', async () => {
    expect((await deliverTo(answering(410))).kind).toBe('gone');
  });

  it.each([301, 302, 303, 307, 308])(
    'takes a redirect by %i for a failure and never follows it',
    async (status) => {
      const canary = receiver.script('/canary', [204]);

      const outcome = await deliverTo(answering({ status, headers: { location: canary } }));

      expect(outcome).toMatchObject({ kind: 'retry', status });
      expect(receiver.received.map(({ path }) => path)).toEqual(['/hook']);
    },
  );

  it.each([
    [429, '7', 7_000],
    [503, '120', 120_000],
    [429, 'Tue, 14 Nov 2023 22:14:20 GMT', 60_000],
    [503, 'Tue, 14 Nov 2023 22:13:00 GMT', 0],
    [429, 'soon', undefined],
    [429, '-5', undefined],
    [500, '7', undefined],
  ])('reads from %i with Retry-After %s a pause of %s ms', async (status, header, afterMs) => {
    const url = answering({ status, headers: { 'retry-after': header } });

    const outcome = await deliverTo(url, dependencies({ now: () => 1_700_000_000_000 }));

    expect(outcome).toEqual({
      kind: 'retry',
      reason: `the receiver answered ${status}`,
      status,
      ...(afterMs === undefined ? {} : { afterMs }),
    });
  });

  it('cuts off a receiver that never answers', async () => {
    const startedAt = performance.now();

    const outcome = await deliverTo(
      answering(() => undefined),
      dependencies({ timeoutMs: 300 }),
    );

    expect(outcome).toEqual({ kind: 'retry', reason: 'the receiver did not answer in time' });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('cuts off a receiver that keeps sending headers byte by byte', async () => {
    const url = answering((response) => {
      const drip = setInterval(() => response.socket?.write('x'), 50);
      response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
      response.socket?.once('close', () => clearInterval(drip));
    });

    const outcome = await deliverTo(url, dependencies({ timeoutMs: 400 }));

    expect(outcome).toEqual({ kind: 'retry', reason: 'the receiver did not answer in time' });
  });

  it('reads at most about 64 KB of an endless answer and counts its status', async () => {
    let written = 0;
    const chunk = Buffer.alloc(16_384, 120);
    const closed = new Promise<void>((resolve) => {
      answering((response) => {
        const pump = (): void => {
          while (response.write(chunk)) written += chunk.length;
          written += chunk.length;
        };
        response.on('drain', pump).once('close', resolve);
        response.writeHead(200);
        pump();
      });
    });

    const outcome = await deliverTo(`${receiver.origin}/hook`);
    await closed;

    expect(outcome).toEqual({ kind: 'delivered', status: 200 });
    // What was written beyond the limit sat in socket buffers when the connection was cut.
    expect(written).toBeLessThan(100 * MAX_ANSWER_BYTES);
  });

  it('closes the connection on a huge announced body at once', async () => {
    let cut = false;
    const closed = new Promise<void>((resolve) => {
      answering((response) => {
        response.once('close', () => {
          cut = !response.writableFinished;
          resolve();
        });
        response.writeHead(200, { 'content-length': 1_073_741_824 });
        response.write('x');
      });
    });

    const outcome = await deliverTo(`${receiver.origin}/hook`);
    await closed;

    expect(outcome).toEqual({ kind: 'delivered', status: 200 });
    expect(cut).toBe(true);
  });

  it('counts a 2xx as delivered although the rest of the answer never comes', async () => {
    const url = answering((response) => response.writeHead(200).write('to be continued'));

    const outcome = await deliverTo(url, dependencies({ timeoutMs: 300 }));

    expect(outcome).toEqual({ kind: 'delivered', status: 200 });
  });

  it.each([
    [
      'drops the connection',
      'the connection failed',
      (): string => answering((response) => response.destroy()),
    ],
    ['is not there', 'the connection failed', (): string => 'http://127.0.0.1:1/hook'],
    [
      'speaks no TLS',
      'no secure connection could be made',
      (): string => `https://127.0.0.1:${receiver.port}/hook`,
    ],
  ])('treats it as a transient failure when the receiver %s', async (_what, reason, target) => {
    expect(await deliverTo(target())).toEqual({ kind: 'retry', reason });
  });

  it('sends nothing to a receiver with an untrusted certificate', async () => {
    let asked = false;
    const server = createServer(readLoopbackCertificate(), (_request, response) => {
      asked = true;
      response.end();
    });
    const port = await listen(server);

    const outcome = await deliverTo(`https://127.0.0.1:${port}/hook`);

    await new Promise((resolve) => server.close(resolve));
    expect(outcome).toEqual({ kind: 'retry', reason: 'no secure connection could be made' });
    expect(asked).toBe(false);
  });

  it.each([
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://169.254.169.254/',
    'http://2130706433/',
    'ftp://example.com/',
  ])('refuses %s', async (url) => {
    expect(await deliverTo(url, dependencies({ policy: policyFor() }))).toEqual({
      kind: 'refused',
      reason: 'the address is not allowed',
    });
  });

  it('refuses a host that resolves to a private address by the time of the attempt', async () => {
    const url = `http://hooks.example.com/hook`;
    const lookup: LookupFunction = (_host, _options, callback) =>
      callback(null, [{ address: '127.0.0.1', family: 4 }]);

    const outcome = await deliverTo(url, dependencies({ policy: policyFor() }, lookup));

    expect(outcome).toEqual({ kind: 'refused', reason: 'the address is not allowed' });
    expect(receiver.received).toEqual([]);
  });

  it('puts neither path nor query nor host into a reason', async () => {
    const secretive = `/hooks/T0KEN?signature=s3cret`;
    const outcomes = await Promise.all([
      deliverTo(`${receiver.origin}${secretive}`, dependencies(), []),
      deliverTo(`http://127.0.0.1:1${secretive}`),
      deliverTo(`https://127.0.0.1:${receiver.port}${secretive}`),
      deliverTo(`http://10.0.0.1${secretive}`),
    ]);

    expect(outcomes.map(({ kind }) => kind)).toEqual(['retry', 'retry', 'retry', 'refused']);
    expect(JSON.stringify(outcomes)).not.toMatch(/T0KEN|s3cret|127\.0|10\.0/);
  });

  it('stops immediately on request', async () => {
    const stop = new AbortController();
    const url = answering(() => stop.abort());
    const startedAt = performance.now();

    const outcome = await deliverTo(url, dependencies({ signal: stop.signal }));

    expect(outcome.kind).toBe('retry');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
