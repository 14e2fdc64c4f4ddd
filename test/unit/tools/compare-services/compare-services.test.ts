import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../src/cli/start/ports.js';
import { UserError } from '../../../../src/cli/user-error.js';
import { compareServices } from '../../../../tools/compare-services/compare-services-command.js';
import { closeServer, listen } from '../../../support/servers/listen.js';

type Behaviour = (response: ServerResponse, authorization: string | undefined) => void;

const send = (status: number, body: object, headers: Record<string, string> = {}): Behaviour => {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
};
const decide = (matched: boolean) => send(200, { user_id: 'u', matched });
const problem = (status: number, code: string, reason?: string) => send(status, { status, code, reason });
const fastApi = send(422, { detail: [{ loc: ['body'], msg: 'no face', type: 'value_error' }] });

/** A service that answers each user_id as its table says. */
function createService(behaviours: Readonly<Record<string, Behaviour>>): Server {
  return createServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const { user_id: user } = JSON.parse(text);
      if (request.url !== '/compare-faces') response.writeHead(404).end();
      else behaviours[user]?.(response, request.headers.authorization);
    });
  });
}

let busy = 1;
const servers = {
  old: createService({
    same: decide(true),
    other: decide(false),
    changed: decide(false),
    unclear: decide(false),
    neither: fastApi,
    broken: decide(true),
    busy: decide(true),
    locked: decide(true),
  }),
  new: createService({
    same: decide(true),
    other: decide(false),
    changed: decide(true),
    unclear: problem(422, 'low_quality', 'blurred'),
    neither: problem(502, 'image_fetch_failed', 'timeout'),
    broken: problem(500, 'internal'),
    busy: (response, authorization) => {
      busy -= 1;
      const answer = busy < 0 ? decide(true) : send(503, { code: 'overloaded' }, { 'retry-after': '0' });
      answer(response, authorization);
    },
    locked: (response, authorization) =>
      (authorization === 'Bearer secret-key' ? decide(true) : problem(401, 'unauthenticated'))(
        response,
        authorization,
      ),
  }),
};
let folder: string;
let urls: { old: string; new: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-compare-'));
  writeFileSync(join(folder, 'key'), 'secret-key\n');
  const [old, current] = await Promise.all([listen(servers.old), listen(servers.new)]);
  urls = { old: `http://127.0.0.1:${old}`, new: `http://127.0.0.1:${current}/compare-faces` };
});

afterAll(async () => {
  await Promise.all(Object.values(servers).map(closeServer));
  rmSync(folder, { recursive: true });
});

/** Compares the services on requests of these persons; returns the report and whether they agree. */
async function compare(persons: readonly string[], changes: object = {}) {
  const requests = join(folder, 'requests.ndjson');
  writeFileSync(requests, persons.map((user) => `${JSON.stringify({ user_id: user })}\n`).join(''));
  const lines: string[] = [];
  const args = { ...urls, requests, concurrency: '2', timeout: '20', ...changes };
  const agree = await compareServices(args, (line) => lines.push(line));
  return { agree, lines };
}

describe('compare-services', () => {
  it('finds that services agree, also where neither could tell', async () => {
    const { agree, lines } = await compare(['same', 'other', 'same', 'neither']);

    expect(agree).toBe(true);
    expect(lines[0]).toBe('4 requests, the same answer to 4 (100.0 %)');
    expect(lines.join('\n')).toMatch(
      /^matched +2 +0 +0 +0\nnot matched +0 +1 +0 +0\ncould not tell +0 +0 +1 +0\n/m,
    );
    expect(lines.join('\n')).toMatch(/Median time of an answer: old \d+ ms, new \d+ ms$/);
  });

  it('lists contradictions and fails because of them, without any content of the requests', async () => {
    const { agree, lines } = await compare(['same', 'changed']);

    expect(agree).toBe(false);
    expect(lines[0]).toBe('2 requests, the same answer to 1 (50.0 %)');
    expect(lines.slice(-2)).toEqual([
      'Contradictions: one says matched, the other not matched (1)',
      '  line 2: old not matched; new matched',
    ]);
    expect(lines.join('\n')).not.toMatch(/changed|same"/);
  });

  it('lists requests that only one service could decide, with the reason, and does not fail', async () => {
    const { agree, lines } = await compare(['unclear', 'same']);

    expect(agree).toBe(true);
    expect(lines).toContain('  line 1: old not matched; new could not tell (low_quality, blurred)');
  });

  it('fails if a service gives no usable answer', async () => {
    const { agree, lines } = await compare(['broken', 'locked']);

    expect(agree).toBe(false);
    expect(lines.slice(-3)).toEqual([
      'No usable answer (2)',
      '  line 1: old matched; new failed (internal)',
      '  line 2: old matched; new failed (unauthenticated)',
    ]);
  });

  it('fails if nobody listens', async () => {
    const { agree, lines } = await compare(['same'], { old: `http://127.0.0.1:${await freePort()}` });

    expect(agree).toBe(false);
    expect(lines.at(-1)).toBe('  line 1: old failed (ECONNREFUSED); new matched');
  });

  it('sends the API key of a file', async () => {
    const { agree } = await compare(['locked'], { 'new-key-file': join(folder, 'key') });

    expect(agree).toBe(true);
  });

  it('asks again after the pause that a busy service names', async () => {
    const { agree } = await compare(['busy']);

    expect(agree).toBe(true);
    expect(busy).toBe(-1);
  });

  it.each([
    [{ new: 'ftp://host' }, '"ftp://host" is not an http or https URL'],
    [{ requests: '/no/such/file' }, '/no/such/file cannot be read (ENOENT)'],
    [{ concurrency: '0' }, '--concurrency is 0'],
  ])('refuses %o', async (changes, reason) => {
    await expect(compare(['same'], changes)).rejects.toThrow(reason);
  });

  it('names a line that is no request, without quoting it', async () => {
    const requests = join(folder, 'wrong.ndjson');
    writeFileSync(requests, '{"user_id":"same"}\n\n["jane"]\n');

    const end = compare([], { requests });

    await expect(end).rejects.toThrow(UserError);
    await expect(end).rejects.toThrow('Line 3 of the requests is not a JSON object.');
  });
});
