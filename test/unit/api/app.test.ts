import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/api/access/access.js';
import { type AppDependencies, createApp } from '../../../src/api/app.js';
import { createRequestParser } from '../../../src/api/http/request-parser.js';
import { createBodyMemory } from '../../../src/api/http/upload-limits.js';
import {
  defineOperation,
  type Operation,
  type OperationDefinition,
} from '../../../src/api/operations/define-operation.js';
import { loadApiConfig } from '../../../src/shared/config/config.js';
import { type ErrorCode, VerificationError } from '../../../src/shared/errors.js';
import { createLogger } from '../../../src/shared/runtime/logger.js';

const CALLER = 'caller-0123456789abcdef';
const OPERATOR = 'operator-0123456789abcdef';
const keys = { API_KEYS: `caller:${CALLER}`, ADMIN_API_KEYS: `operator:${OPERATOR}` };
const access = createAccess(loadApiConfig(keys).config);

/** An operation whose file says nothing about access. */
const forgetful: OperationDefinition<object> = {
  method: 'get',
  path: '/new/{name}',
  id: 'getNew',
  tag: 'Service',
  summary: 'A new operation',
  description: 'Answers with its path parameter.',
  answers: { 200: { description: 'Its path parameter.' } },
  errors: [],
  createHandler: () => (context) => context.text(context.req.param('name') ?? ''),
};

describe('createApp', () => {
  it('closes an operation whose file does not name its access, and everything below its first segment', async () => {
    const app = createApp(dependencies(), [defineOperation(forgetful)]);

    const withoutKey = ['/new/a', '/new/a/b', '/new'].map(async (path) => (await app.request(path)).status);
    const wrongMethod = await app.request('/new/a', { method: 'PUT' });
    const withKey = await app.request('/new/a', { headers: { 'x-api-key': CALLER } });

    expect(await Promise.all(withoutKey)).toEqual([401, 401, 401]);
    expect(wrongMethod.status).toBe(401);
    expect([withKey.status, await withKey.text()]).toEqual([200, 'a']);
  });

  it('keeps answers out of caches unless the operation is open', async () => {
    const cacheControl = async (access: 'open' | 'caller' | 'operator', key: string) => {
      const app = createApp(dependencies(), [defineOperation({ ...forgetful, access })]);
      return (await app.request('/new/a', { headers: { 'x-api-key': key } })).headers.get('cache-control');
    };

    expect(await cacheControl('open', CALLER)).toBeNull();
    expect(await cacheControl('caller', CALLER)).toBe('no-store');
    expect(await cacheControl('operator', OPERATOR)).toBe('no-store');
  });

  it('refuses operations that differ in their access below one first segment', () => {
    const open = defineOperation({ ...forgetful, path: '/new', access: 'open' });

    expect(() => createApp(dependencies(), [defineOperation(forgetful), open])).toThrow('/new');
  });
});

describe('the log line of a request', () => {
  const answer = (code: ErrorCode, cause?: Error) =>
    defineOperation({
      ...forgetful,
      access: 'open',
      createHandler: () => () => {
        throw new VerificationError(code, { cause });
      },
    });
  const logOf = async (operation: Operation<object>): Promise<Record<string, unknown>> => {
    const stream = new PassThrough();
    await createApp({ ...dependencies(), logger: pino({}, stream) }, [operation]).request('/new/a');
    return JSON.parse(String(stream.read()));
  };

  it.each([
    ['info', 'job_not_found'],
    ['info', 'rate_limited'],
    ['warn', 'overloaded'],
    ['warn', 'queue_unavailable'],
    ['warn', 'image_fetch_failed'],
    ['error', 'internal'],
  ] as const)('has the level %s for %s', async (level, code) => {
    expect(await logOf(answer(code))).toMatchObject({ level: pino.levels.values[level], code });
  });

  it('has no stack frames for a fault of the caller, whatever caused it', async () => {
    const line = await logOf(answer('invalid_json', new SyntaxError('position 3')));

    expect(JSON.stringify(line)).not.toMatch(/ {4}at |\.ts:|position 3/);
  });

  it('has status 499 and no problem if the caller hung up, and so has the metric', async () => {
    const stream = new PassThrough();
    const caller = new AbortController();
    const observed: number[] = [];
    const operation = defineOperation({
      ...forgetful,
      access: 'open',
      createHandler: () => () => {
        caller.abort();
        throw new VerificationError('queue_unavailable');
      },
    });
    const observeRequest = ({ status }: { readonly status: number }) => observed.push(status);
    const app = createApp({ ...dependencies(), logger: pino({}, stream), observeRequest }, [operation]);

    await app.request('/new/a', { signal: caller.signal });

    const line = JSON.parse(String(stream.read()));
    expect(line).toMatchObject({ level: pino.levels.values.info, status: 499 });
    expect(line).not.toHaveProperty('code');
    expect(observed).toEqual([499]);
  });

  it('has names of one convention and its duration in milliseconds', async () => {
    const line = await logOf(defineOperation({ ...forgetful, access: 'open' }));

    expect(line).toMatchObject({
      method: 'GET',
      route: '/new/:name',
      status: 200,
      duration_ms: expect.any(Number),
    });
    expect(Object.keys(line).filter((name) => !/^[a-z_]+$/.test(name))).toEqual([]);
  });
});

/** Enough for operations that need nothing. */
function dependencies(): AppDependencies {
  const unused = {} as unknown as AppDependencies;
  return {
    ...unused,
    logger: createLogger('api', 'silent'),
    access: () => access,
    rateLimiter: { consume: async () => undefined },
    corsOrigins: [],
    uploadLimits: {
      enabled: false,
      maxInlineBytes: 1_000,
      maxImageBytes: 1_000,
      maxJsonBytes: 1_000,
      memory: createBodyMemory(1_000_000),
      parser: createRequestParser(),
    },
    observeRequest: () => undefined,
    isDraining: () => false,
  };
}
