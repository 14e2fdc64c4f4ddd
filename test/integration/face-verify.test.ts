import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/cli/csv.js';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type CommandResult, startFaceVerify } from '../support/programs/face-verify.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const KEY = 'command-line-0123456789';
const FILES = ['a.jpg', 'b.jpg', 'c.jpg', 'reference.jpg'] as const;

let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'face-verify-'));
  images = await startImageServer();
  photos = await servePhotos(images);
  await savePhotos();
  service = await startService({
    env: {
      API_KEYS: `command:${KEY}`,
      UPLOAD_KEYS: randomBytes(32).toString('base64'),
      MAX_IMAGE_BYTES: '2000000',
    },
  });
  env = { FACE_VERIFY_URL: service.origin, FACE_VERIFY_API_KEY: KEY };
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Saves the photos of one person as a.jpg, b.jpg, c.jpg and reference.jpg. */
async function savePhotos(): Promise<void> {
  for (const [index, name] of FILES.entries()) {
    const response = await fetch(photos.same[IMAGE_NAMES[index] ?? 'back_image']);
    writeFileSync(join(folder, name), Buffer.from(await response.arrayBuffer()));
  }
}

const run = (args: readonly string[], settings = env): Promise<CommandResult> =>
  startFaceVerify(args, settings).ended;
const same = () => IMAGE_NAMES.map((name) => photos.same[name]);
const files = () => FILES.map((name) => join(folder, name));
const strangers = () => [photos.other, photos.other, photos.other, photos.same.back_image];
const faceless = () => [...same().slice(0, 3), photos.faceless];

describe('face-verify compare', () => {
  it('exits with 0 for a match, without colours in a pipe', async () => {
    expect(await run(['compare', ...same()])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Match: the photos show the same person\.\n/),
      err: '',
    });
  });

  it('exits with 1 for no match', async () => {
    const result = await run(['compare', ...strangers(), '--evidence']);

    expect(result.code).toBe(1);
    expect(result.out).toMatch(
      /^No match: .*\nThreshold 0\.5, 2 of 3 must match:\n {2}front_image1 +-?0\.\d{4} {2}not matched/,
    );
  });

  it('exits with 2 if the service could not tell, and says what to do', async () => {
    const result = await run(['compare', ...faceless()]);

    expect(result.code).toBe(2);
    expect(result.out).toContain('Could not tell: ');
    expect(result.out).toContain('(face_not_found');
    expect(result.out).toContain('back_image');
    expect(result.out).toContain('Ask for a photo that shows the face from the front');
  });

  it('sends files, also together with URLs and standard input', async () => {
    const [a = '', b = '', , reference = ''] = files();
    const input = readFileSync(join(folder, 'c.jpg'));

    const sent = await run(['compare', ...files()]);
    const mixed = startFaceVerify(
      ['compare', a, b, '-', photos.same.back_image, '--min-matches=3'],
      env,
      input,
    );
    const faceless = await run(['compare', a, b, reference, photos.faceless]);

    expect([sent.code, (await mixed.ended).code, faceless.code]).toEqual([0, 0, 2]);
  });

  it('exits with 65 for a file that is too large, and names it', async () => {
    const large = join(folder, 'large.jpg');
    writeFileSync(large, Buffer.alloc(6_000_000));

    const result = await run(['compare', large, ...files().slice(1)]);

    expect(result).toMatchObject({ code: 65, out: expect.stringContaining('front_image1 (large.jpg)') });
  });

  it('prints the answer as JSON, also a problem', async () => {
    const answer = await run(['compare', ...same(), '--json', '--user-id', 'u-7', '--min-matches=3']);
    const problem = await run(['compare', ...faceless(), '--json']);

    expect(JSON.parse(answer.out)).toMatchObject({ user_id: 'u-7', matched: true });
    expect([problem.code, JSON.parse(problem.out)]).toMatchObject([2, { code: 'face_not_found' }]);
  });

  it.each<[string, number, (args: string[]) => string[], string]>([
    ['a field that the service refuses', 65, (args) => [...args, '--threshold', '0.01'], 'threshold'],
    [
      'a file that does not exist',
      66,
      (args) => ['nowhere.jpg', ...args.slice(1)],
      'nowhere.jpg cannot be read',
    ],
    ['no service', 69, (args) => [...args, '--url', 'http://127.0.0.1:1'], 'npm start'],
    ['a wrong key', 77, (args) => [...args, '--api-key', 'wrong-0123456789abcdef'], 'API key'],
  ])('exits for %s with %i and says why', async (_, code, change, why) => {
    const result = await run(['compare', ...change(same())]);

    expect(result.out + result.err).toContain(why);
    expect(result.code).toBe(code);
  });

  it('exits with 69 for a server that is another program', async () => {
    const result = await run(['compare', ...same()], { ...env, FACE_VERIFY_URL: images.origin });

    expect(result).toMatchObject({
      code: 69,
      err: expect.stringContaining('not a face verification service'),
    });
  });
});

describe('face-verify', () => {
  it('queues a job, waits for it and shows its result', async () => {
    const submitted = await run(['submit', ...same()]);
    const id = submitted.out.trim();

    const result = await run(['job', id, '--wait']);

    expect([submitted.code, result.code]).toEqual([0, 0]);
    expect(result.out).toMatch(/^Match: /);
    expect((await run(['job', id, '--json'])).out).toContain('"status":"completed"');
  });

  it('exits with 66 for a job that does not exist', async () => {
    expect((await run(['job', 'r_00000000-0000-0000-0000-000000000000'])).code).toBe(66);
  });

  it('shows whether the service is ready', async () => {
    const result = await run(['health']);

    expect(result).toMatchObject({ code: 0, out: 'ready\nRedis: answers\nWorkers: 1\nModel pack: lite\n' });
  });
});

describe('face-verify batch', () => {
  const HEADER = 'user_id,front_image1,front_image2,front_image3,back_image,ref,threshold';
  const writePeople = (name: string, rows: readonly (readonly string[])[]): string => {
    const path = join(folder, name);
    writeFileSync(path, [HEADER, ...rows.map((row) => row.join(','))].join('\n'));
    return path;
  };
  /** The results as objects. */
  const readResults = (path: string) => {
    const { header, rows } = parseCsv(readFileSync(path, 'utf8'));
    return rows.map((cells) => Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ''])));
  };
  /** A photo that arrives when the test lets it. */
  const holdPhoto = (path: string) => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const held: ServerResponse[] = [];
    const bytes = fetch(photos.same.back_image).then((response) => response.arrayBuffer());
    const url = images.serve(path, (_request, response) => {
      held.push(response);
      asked();
    });
    const release = async () => {
      const body = Buffer.from(await bytes);
      images.serve(path, body);
      for (const response of held) response.end(body);
    };
    return { url, isAsked, release, requests: () => images.requests.filter((one) => one === path).length };
  };

  it('answers every row, in the order of the file', async () => {
    const path = writePeople('people.csv', [
      ['u-1', ...same(), 'first', ''],
      ['u-2', ...strangers(), 'second', ''],
      ['u-3', ...faceless(), 'third', ''],
      ['u-4', ...FILES, 'fourth', '1'],
    ]);

    const result = await run(['batch', path, '--concurrency', '3', '--evidence']);

    expect(result).toMatchObject({
      code: 2,
      out: `4 rows: 1 match, 2 no match, 1 could not tell. Results: ${join(folder, 'people.results.csv')}\n`,
    });
    expect(readResults(join(folder, 'people.results.csv'))).toMatchObject(
      [
        { row: '2', ref: 'first', user_id: 'u-1', matched: 'true', code: '', similarity1: /./ },
        { row: '3', ref: 'second', user_id: 'u-2', matched: 'false', code: '' },
        { row: '4', ref: 'third', user_id: 'u-3', matched: '', code: 'face_not_found', image: 'back_image' },
        { row: '5', ref: 'fourth', user_id: 'u-4', matched: 'false', code: '' },
      ].map((row) =>
        'similarity1' in row ? { ...row, similarity1: expect.stringMatching(/^0\.\d+$/) } : row,
      ),
    );
  });

  it('finds the file where the user stands, though npm runs it elsewhere', async () => {
    writeFileSync(join(folder, 'empty.csv'), HEADER);
    const child = spawn(process.execPath, ['scripts/face-verify.mjs', 'batch', 'empty.csv'], {
      env: { ...process.env, npm_lifecycle_event: 'face-verify', INIT_CWD: folder },
    });
    const [errors, [code]] = await Promise.all([readAll(child.stderr), once(child, 'close')]);

    expect([code, errors]).toEqual([65, expect.stringContaining('empty.csv has no rows.')]);
  });

  it('stops after the running row when it is interrupted, and continues with the others', async () => {
    const photo = holdPhoto('/held.jpg');
    const path = writePeople('stopped.csv', [
      ['u-1', ...same(), '', ''],
      ['u-2', ...same().slice(0, 3), photo.url, '', ''],
      ['u-3', ...same(), '', ''],
    ]);
    const args = ['batch', path, '--concurrency=1', '--json'];
    const command = startFaceVerify(args, env);
    await photo.isAsked;
    command.process.kill('SIGINT');
    await command.says('Stopping when the running rows are answered');
    await photo.release();

    const stopped = await command.ended;
    const after = await run(args);

    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.out)).toMatchObject({ rows: 3, match: 2, unanswered: 1 });
    expect(after.code).toBe(0);
    expect(after.err).toContain('2 of 3 rows have an answer');
    expect(JSON.parse(after.out)).toMatchObject({ rows: 3, match: 3, unanswered: 0 });
    expect(photo.requests()).toBe(1);
  });

  it('does not compute the row again during which it was killed', async () => {
    const photo = holdPhoto('/killed.jpg');
    const path = writePeople('killed.csv', [
      ['u-1', ...same(), '', ''],
      ['u-2', ...same().slice(0, 3), photo.url, '', ''],
    ]);
    const args = ['batch', path, '--concurrency=1', '--json'];
    const command = startFaceVerify(args, env);
    await photo.isAsked;
    command.process.kill('SIGKILL');
    await command.ended;
    await photo.release();

    const after = await run(args);

    expect(JSON.parse(after.out)).toMatchObject({ rows: 2, match: 2 });
    expect(photo.requests()).toBe(1);
  });

  it('stops at once with the whole status for a problem of all rows', async () => {
    const path = writePeople('refused.csv', [['u-1', ...same(), '', '']]);

    const wrongKey = await run(['batch', path, '--api-key', 'wrong-0123456789abcdef']);
    const noService = await run(['batch', path, '--url', 'http://127.0.0.1:1', '--timeout', '1']);

    expect([wrongKey.code, noService.code]).toEqual([77, 69]);
    expect((await run(['batch', path])).code).toBe(0);
  });
});
