import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callService, type ServiceOptions } from '../../../../src/cli/face-verify/call-service.js';
import { type RawServer, startRawServer } from '../../../support/servers/raw-server.js';

let host: RawServer;

beforeAll(async () => {
  host = await startRawServer();
});
beforeEach(() => host.reset());
afterAll(() => host.stop());

const answer = (status: string, body: unknown, ...headers: readonly string[]) => {
  const text = JSON.stringify(body);
  const head = [`HTTP/1.1 ${status}`, `Content-Length: ${text.length}`, 'Connection: close', ...headers];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
};
const OK = answer('200 OK', { matched: true });
const call = (options: Partial<ServiceOptions> = {}) =>
  callService(
    { method: 'POST', path: '/compare-faces', body: '{}', headers: { 'idempotency-key': 'k-1' } },
    { url: `http://127.0.0.1:${host.port}`, timeoutMs: 60_000, ...options },
  );

describe('a call of the service', () => {
  it('sends the key, and the same Idempotency-Key with every try', async () => {
    host.answer((socket, nth) =>
      socket.end(nth === 1 ? answer('503 A', { code: 'overloaded' }, 'Retry-After: 0') : OK),
    );

    expect(await call({ apiKey: 'secret-key' })).toMatchObject({ status: 200, body: { matched: true } });

    expect(host.requests).toHaveLength(2);
    for (const request of host.requests)
      expect(request).toMatch(/authorization: Bearer secret-key\r\n[\s\S]*idempotency-key: k-1\r\n/i);
  });

  it('waits as long as the service asks, and says so', async () => {
    const said: string[] = [];
    const busy = answer('429 A', { code: 'rate_limited', detail: 'Too many.' }, 'Retry-After: 1');
    host.answer((socket, nth) => socket.end(nth === 1 ? busy : OK));
    const start = performance.now();

    await call({ say: (line) => said.push(line) });

    expect(performance.now() - start).toBeGreaterThan(950);
    expect(said).toEqual(['Too many. (rate_limited) Trying again in 1 s.']);
  });

  it('returns the last answer when the service asks for more time than is left', async () => {
    host.answer(answer('503 A', { code: 'overloaded' }, 'Retry-After: 90'));

    expect((await call()).status).toBe(503);
    expect(host.requests).toHaveLength(1);
  });

  it('returns the last answer at once when the caller stops', async () => {
    const stopping = new AbortController();
    host.answer((socket) => {
      socket.end(answer('503 A', { code: 'overloaded' }, 'Retry-After: 50'));
      socket.once('close', () => stopping.abort());
    });
    const start = performance.now();

    expect((await call({ stopping: stopping.signal })).status).toBe(503);

    expect(performance.now() - start).toBeLessThan(40_000);
  });

  it('sends a request again whose connection broke off', async () => {
    host.answer((socket, nth) => (nth === 1 ? socket.destroy() : socket.end(OK)));

    expect((await call()).status).toBe(200);
    expect(host.requests).toHaveLength(2);
  });

  it.each([401, 404, 409, 422, 500, 502])('does not repeat a request that got %i', async (status) => {
    host.answer(answer(`${status} A`, { code: 'x' }));

    expect((await call()).status).toBe(status);
    expect(host.requests).toHaveLength(1);
  });

  it('does not wait for a service that does not run, unless it is patient', async () => {
    const nowhere = await startRawServer();
    await nowhere.stop();
    const url = `http://127.0.0.1:${nowhere.port}`;

    await expect(call({ url })).rejects.toMatchObject({ exitCode: 69 });
    const start = performance.now();
    await expect(call({ url, isPatient: true, timeoutMs: 2_500 })).rejects.toMatchObject({ exitCode: 69 });

    expect(performance.now() - start).toBeGreaterThan(1_000);
  });

  it.each([
    ['HTML', 'HTTP/1.1 502 A\r\nContent-Length: 6\r\n\r\n<html>'],
    ['a redirect', 'HTTP/1.1 301 A\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n'],
    ['a list', answer('200 OK', [])],
  ])('refuses %s as the answer of another program', async (_, bytes) => {
    host.answer(bytes);

    await expect(call()).rejects.toMatchObject({ exitCode: 69, message: expect.stringContaining('HTTP') });
  });

  it('ends with 75 when the answer takes too long', async () => {
    host.answer(() => undefined);

    await expect(call({ timeoutMs: 100 })).rejects.toMatchObject({ exitCode: 75 });
  });
});
