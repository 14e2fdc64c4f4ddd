import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { OPERATIONS } from '../../src/api/operations.js';
import { problemSchema } from '../../src/shared/contract/problem.js';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { ACCEPTABLE, type Api, postJson, startApi } from '../support/programs/api.js';

const ALICE = 'alice-0123456789abcdef';
const ALICE_NEXT = 'alice-next-0123456789abcdef';
const BOB = 'bob-0123456789abcdef01';
const ADMIN = 'admin-0123456789abcdef';

const KEYS = createKeyspace({ prefix: '{face}', model: 'lite' });

let api: Api;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-keys-'));
  writeFileSync(join(folder, 'keys'), `alice:${ALICE}\nalice:${ALICE_NEXT}\nbob:${BOB}\n`);
  api = await startApi({
    API_KEYS_FILE: join(folder, 'keys'),
    ADMIN_API_KEYS: `ops:${ADMIN}`,
    RATE_LIMIT_PER_MINUTE: '40',
  });
});

afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const submit = (headers: Record<string, string>) => postJson(`${api.origin}/jobs`, ACCEPTABLE, headers);
const jobIdOf = async (response: Response) => String(((await response.json()) as { job_id: string }).job_id);
const look = (jobId: string, key: string) => fetch(`${api.origin}/jobs/${jobId}`, { headers: bearer(key) });

describe('API keys', () => {
  it('accepts a key from a file in either header, and both keys of one name', async () => {
    const answers = await Promise.all([
      submit(bearer(ALICE)),
      submit({ 'x-api-key': ALICE }),
      submit(bearer(ALICE_NEXT)),
    ]);

    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
  });

  const wrong: readonly (readonly [string, Record<string, string>])[] = [
    ['no key', {}],
    ['an unknown key', bearer('mallory-0123456789abcdef')],
    ['a prefix of a key', bearer(ALICE.slice(0, -1))],
    ['a key with an extra character', bearer(`${ALICE}x`)],
    ['an empty key', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${ALICE}` }],
    ['a very long key', bearer('x'.repeat(8_000))],
    ['the name of a key', bearer('alice')],
    ['a prefix of an admin key', bearer(ADMIN.slice(0, -1))],
  ];
  for (const [what, headers] of wrong) {
    it(`refuses ${what}`, async () => {
      const answer = await submit(headers);

      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ code: 'unauthenticated' });
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    });
  }

  it('shows a job to every key with the name that created it', async () => {
    const jobId = await jobIdOf(await submit(bearer(ALICE)));

    expect((await look(jobId, ALICE_NEXT)).status).toBe(200);
  });

  it('answers for another tenant’s job as for one that never existed', async () => {
    const jobId = await jobIdOf(await submit(bearer(ALICE)));

    const foreign = await look(jobId, BOB);
    const missing = await look('r_00000000-0000-0000-0000-000000000000', BOB);
    const cancelled = await fetch(`${api.origin}/jobs/${jobId}`, { method: 'DELETE', headers: bearer(BOB) });

    const stripped = async (answer: Response) => ({ ...((await answer.json()) as object), request_id: '' });
    expect(await stripped(foreign)).toEqual(await stripped(missing));
    expect([foreign.status, missing.status, cancelled.status]).toEqual([404, 404, 404]);
    expect((await look(jobId, ALICE)).status).toBe(200);
  });

  it('separates equal idempotency keys of two tenants', async () => {
    const key = { 'idempotency-key': 'same' };

    const [alice, bob] = await Promise.all([
      submit({ ...bearer(ALICE), ...key }),
      submit({ ...bearer(BOB), ...key }),
    ]);

    expect(await jobIdOf(alice)).not.toBe(await jobIdOf(bob));
  });

  it('erases only the jobs of a person that the calling key created', async () => {
    const jane = { ...ACCEPTABLE, user_id: 'jane' };
    const jobId = await jobIdOf(await postJson(`${api.origin}/jobs`, jane, bearer(ALICE)));
    const erase = async (key: string) => {
      const init = { method: 'DELETE', headers: bearer(key) };
      return (await fetch(`${api.origin}/users/jane/jobs`, init)).json();
    };

    expect(await erase(BOB)).toEqual({ erased: 0, running: 0 });
    expect((await look(jobId, ALICE)).status).toBe(200);
    expect(await erase(ALICE_NEXT)).toEqual({ erased: 1, running: 0 });
    expect((await look(jobId, ALICE)).status).toBe(404);
  });

  it('asks browsers for an operator’s key before the queue board, and shows nothing without it', async () => {
    const board = `${api.origin}/admin/queues`;
    const login = (key: string) => ({ authorization: `Basic ${btoa(`ops:${key}`)}` });
    const refused = [
      {},
      bearer(ALICE),
      login(ALICE),
      login(`${ADMIN}x`),
      login(''),
      { authorization: 'Basic !' },
    ];

    for (const path of ['', '/api/queues', '/static/images/logo.svg', '/nothing']) {
      for (const headers of refused) {
        const answer = await fetch(`${board}${path}`, { headers });
        expect(answer.status, path).toBe(401);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
      }
    }
    for (const headers of [login(ADMIN), bearer(ADMIN), { 'x-api-key': ADMIN }])
      expect((await fetch(board, { headers })).status).toBe(200);
  });

  it('changes nothing from the queue board', async () => {
    const jobId = await jobIdOf(await submit(bearer(ALICE)));
    const job = `${api.origin}/admin/queues/api/queues/compare-lite/${jobId}`;

    for (const [method, path] of [
      ['PUT', '/clean'],
      ['PUT', '/promote'],
      ['PATCH', '/update-data'],
    ] as const) {
      const answer = await fetch(`${job}${path}`, { method, headers: bearer(ADMIN) });
      expect(answer.status).toBe(405);
    }
    const shown = await (await fetch(job, { headers: bearer(ADMIN) })).json();
    expect(shown).toMatchObject({ job: { id: jobId, data: { tenant: 'alice' } }, status: 'prioritized' });
    expect((await look(jobId, ALICE)).status).toBe(200);
  });

  it('accepts only operators on the routes of operators', async () => {
    const asAlice = await fetch(`${api.origin}/webhooks/failed`, { headers: bearer(ALICE) });
    const asAdmin = await fetch(`${api.origin}/webhooks/failed`, { headers: bearer(ADMIN) });
    const unknown = await fetch(`${api.origin}/webhooks/failed`, { headers: bearer(`${ADMIN}x`) });

    expect([asAlice.status, asAdmin.status, unknown.status]).toEqual([403, 200, 401]);
    expect(await asAlice.json()).toMatchObject({ code: 'forbidden' });
  });

  it('forbids callers’ routes to the key of an operator', async () => {
    const answers = await Promise.all([
      submit(bearer(ADMIN)),
      fetch(`${api.origin}/models`, { headers: { 'x-api-key': ADMIN } }),
      look('r_nothing', ADMIN),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(await answers[0].json()).toMatchObject({ code: 'forbidden' });
    expect(answers[0].headers.get('www-authenticate')).toBeNull();
  });

  it('serves no metrics, which name tenants, on the port of the callers', async () => {
    const answers = await Promise.all([
      fetch(`${api.origin}/metrics`),
      fetch(`${api.origin}/metrics`, { headers: bearer(ADMIN) }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });

  it('leaves health open', async () => {
    expect((await fetch(`${api.origin}/health`)).status).toBe(200);
  });

  it('never writes a key into its log', async () => {
    await submit(bearer(ALICE));
    await submit(bearer('mallory-0123456789abcdef'));

    const log = JSON.stringify(api.program.lines);
    for (const key of [ALICE, ALICE_NEXT, BOB, ADMIN, 'mallory-0123456789abcdef'])
      expect(log).not.toContain(key);
  });
});

describe('rate limits', () => {
  it('limits one key without affecting another', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => look('r_nothing', ALICE)));

    const refused = answers.find((answer) => answer.status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toMatchObject({ code: 'rate_limited', retryable: true });
    expect((await look('r_nothing', BOB)).status).toBe(404);
  });

  it('counts requests by the name of the key', async () => {
    const metrics = await (await fetch(api.metricsUrl)).text();

    expect(metrics).toMatch(/face_requests_by_key_total\{key="alice",outcome="limited"[^}]*\} [1-9]/);
    expect(metrics).toMatch(/face_requests_by_key_total\{key="bob",outcome="served"[^}]*\} [1-9]/);
  });
});

describe('each operation that needs a key', () => {
  const closed = OPERATIONS.filter(({ access }) => access !== 'open');
  let limited: Api;
  let redis: Redis;

  beforeAll(async () => {
    limited = await startApi({
      API_KEYS: `alice:${ALICE}`,
      ADMIN_API_KEYS: `ops:${ADMIN}`,
      RATE_LIMIT_PER_MINUTE: '1000',
    });
    redis = new Redis(limited.redis.url);
  });

  afterAll(async () => {
    redis?.disconnect();
    await limited?.stop();
  });

  const consumed = async () => Number((await redis.get('{face}:rate:alice')) ?? 0);
  const ask = (method: string, path: string, key: Record<string, string> = {}) =>
    fetch(`${limited.origin}${path.replace(/\{\w+\}/g, 'r_1')}`, {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json', ...key },
      ...(method === 'post' ? { body: '{}' } : {}),
    });

  it('is one of several, for callers and for operators', () => {
    expect(closed.filter(({ access }) => access === 'caller').length).toBeGreaterThan(5);
    expect(closed.filter(({ access }) => access === 'operator').length).toBeGreaterThan(1);
  });

  for (const { method, path, access } of closed) {
    const name = `${method.toUpperCase()} ${path}`;

    it(`refuses a request without a key: ${name}`, async () => {
      const refused = await ask(method, path);

      expect(refused.status).toBe(401);
      expect(refused.headers.get('cache-control')).toBe('no-store');
      expect(await refused.json()).toMatchObject({ code: 'unauthenticated' });
    });

    if (access === 'operator') {
      it(`refuses the key of a caller: ${name}`, async () => {
        const refused = await ask(method, path, bearer(ALICE));

        expect(refused.status).toBe(403);
      });
    } else {
      it(`takes the key of a caller, refuses an operator's, and counts only the former: ${name}`, async () => {
        const before = await consumed();

        const answer = await ask(method, path, bearer(ALICE));
        const refused = await ask(method, path, bearer(ADMIN));

        expect([401, 403]).not.toContain(answer.status);
        expect(refused.status).toBe(403);
        expect((await consumed()) - before).toBe(1);
      });
    }
  }
});

describe('an API that is alone', () => {
  let alone: Api;

  beforeAll(async () => {
    alone = await startApi({
      API_KEYS: `alice:${ALICE},bob:${BOB}`,
      RATE_LIMIT_PER_MINUTE: '3',
      NO_WORKER_GRACE_SECONDS: '1',
    });
  });

  afterAll(() => alone?.stop());

  const gauges = async () => {
    const text = await (await fetch(alone.metricsUrl)).text();
    return text.split('\n').filter((line) => /^face_(redis|workers|queue|http_requests)/.test(line));
  };

  it('refuses callers who wait at once when no worker lives, accepts jobs, and shows both in its metrics', async () => {
    await alone.program.line(({ msg }) => String(msg).startsWith('no worker is alive'));

    const waiting = await postJson(`${alone.origin}/compare-faces`, ACCEPTABLE, bearer(ALICE));
    const job = await postJson(`${alone.origin}/jobs`, ACCEPTABLE, bearer(ALICE));
    const probe = await fetch(`${alone.origin}/health/ready`);

    expect([waiting.status, job.status, probe.status]).toEqual([503, 202, 503]);
    expect(await waiting.json()).toMatchObject({ code: 'no_worker', retryable: true });
    expect(waiting.headers.get('retry-after')).toBe('5');
    const lines = await gauges();
    expect(lines).toEqual(
      expect.arrayContaining([
        'face_redis_up{service="api"} 1',
        'face_workers{pack="lite",service="api"} 0',
        'face_queue_jobs{pack="lite",state="prioritized",service="api"} 1',
        'face_queue_jobs{pack="lite",state="abandoned",service="api"} 0',
        'face_queue_waiting_jobs{pack="lite",key="alice",service="api"} 1',
        'face_queue_waiting_jobs{pack="lite",key="bob",service="api"} 0',
        expect.stringMatching(/^face_queue_oldest_job_seconds\{pack="lite",service="api"\} \d/),
      ]),
    );
    expect(lines.join()).not.toContain('/health');
  });

  it('refuses callers who already wait, and takes their jobs out unless an Idempotency-Key names them', async () => {
    const redis = new Redis(alone.redis.url);
    onTestFinished(() => redis.disconnect());
    // A worker as its heartbeat shows it; it takes no job.
    await redis.zadd(KEYS.workers, Date.now() + 3_600_000, 'worker');
    const keyed = { ...bearer(BOB), 'idempotency-key': 'waits' };
    const countJobs = () => redis.zcard(`{face}:${KEYS.queueName}:prioritized`);
    const before = await countJobs();
    const calls = [bearer(BOB), keyed].map((headers) =>
      postJson(`${alone.origin}/compare-faces`, ACCEPTABLE, headers),
    );
    await vi.waitFor(async () => expect(await countJobs()).toBe(before + 2), 60_000);

    await redis.del(KEYS.workers);
    const answers = await Promise.all(calls);

    const problems = await Promise.all(
      answers.map(async (answer) => problemSchema.parse(await answer.json())),
    );
    for (const problem of problems) expect(problem).toMatchObject({ code: 'no_worker', status: 503 });
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(['5', '5']);
    expect(await countJobs()).toBe(before + 1);
    expect(problems[1]?.job_id).toBe(KEYS.idempotentJobId('bob', 'waits'));
    const [removed, kept] = await Promise.all(
      problems.map(({ job_id: id }) => redis.exists(`{face}:${KEYS.queueName}:${id}`)),
    );
    expect([removed, kept]).toEqual([0, 1]);
  });

  it('counts rates on its own without Redis, so callers are limited but not all refused', async () => {
    const ask = async () => (await fetch(`${alone.origin}/models`, { headers: bearer(ALICE) })).status;
    await alone.redis.kill();
    await alone.program.line((line) => line.msg === 'Redis is unavailable');

    const statuses = [await ask(), await ask(), await ask(), await ask()];

    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  it('answers a scrape without Redis, with the gauges of the queue left out', async () => {
    const lines = await gauges();

    expect(lines).toContain('face_redis_up{service="api"} 0');
    expect(lines.filter((line) => /^face_(workers|queue)/.test(line))).toEqual([]);
  });
});
