import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchPack } from '../../src/cli/models/fetch-pack.js';
import type { FetchOptions } from '../../src/cli/models/obtain-files.js';
import { type MadePack, makePack } from '../support/builders/model-pack.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

/** Answers as a server of files does: the whole, or the rest from the byte a Range names. */
function serveFile(bytes: Buffer) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    response.end(startAnswer(bytes, request, response));
  };
}

/** Hangs up in the middle: as soon as `arrived(n)` says that the first n bytes of the file are with the client. */
function serveUntil(bytes: Buffer, end: number, arrived: (bytes: number) => Promise<void>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const rest = startAnswer(bytes, request, response);
    response.write(rest.subarray(0, end - bytes.length + rest.length));
    void arrived(end).finally(() => response.destroy());
  };
}

/** Holds everything after the first bytes back until the function that `onHeld` gets is called. */
function serveInParts(bytes: Buffer, first: number, onHeld: (finish: () => void) => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const rest = startAnswer(bytes, request, response);
    response.write(rest.subarray(0, first));
    onHeld(() => response.end(rest.subarray(first)));
  };
}

function startAnswer(bytes: Buffer, request: IncomingMessage, response: ServerResponse): Buffer {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const rest = bytes.subarray(from);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { 'content-length': rest.length, 'content-range': range });
  return rest;
}

describe('fetching a model pack', () => {
  let server: ImageServer;
  let modelsDir: string;
  let lines: string[];
  let pack: MadePack;
  const started: ChildProcess[] = [];

  beforeEach(async () => {
    server = await startImageServer();
    modelsDir = mkdtempSync(join(tmpdir(), 'models-'));
    lines = [];
    pack = makePack(`${server.origin}/mini.zip`);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    await server.stop();
    rmSync(modelsDir, { recursive: true });
  });

  const quiet = { retryDelayMs: 1, showProgress: () => ({ update: () => undefined, end: () => undefined }) };
  const fetchMade = (more: Partial<FetchOptions> = {}): Promise<boolean> =>
    fetchPack(pack.manifest, { ...quiet, modelsDir, say: (line) => lines.push(line), ...more });
  /** Starts a process that fetches the pack with the compiled program. */
  const startFetching = (): ChildProcess => {
    const script = `
      import { fetchPack } from ${JSON.stringify(new URL('../../dist/cli/models/fetch-pack.js', import.meta.url))};
      await fetchPack(${JSON.stringify(pack.manifest)}, { modelsDir: ${JSON.stringify(modelsDir)}, say: () => undefined });`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
    started.push(child);
    return child;
  };
  const filesOfPack = (): string[] => readdirSync(join(modelsDir, 'mini')).sort();
  const fileOfPack = (name: string): Buffer => readFileSync(join(modelsDir, 'mini', name));
  const partPath = (): string => join(modelsDir, '.mini.zip.part');
  /** Resolves when the download of a run has this size. */
  const partHolds = (bytes: number): Promise<void> =>
    vi.waitFor(
      () => {
        const folder = readdirSync(modelsDir).find((name) => name.startsWith('.fetch-mini-')) ?? '';
        expect(statSync(join(modelsDir, folder, '.mini.zip.part')).size).toBe(bytes);
      },
      { interval: 5, timeout: 60_000 },
    );

  it('unpacks only the files that the manifest names, and its manifest beside them', async () => {
    server.serve('/mini.zip', pack.archive);

    const fetched = await fetchMade();

    expect(fetched).toBe(true);
    expect(filesOfPack()).toEqual(['det.onnx', 'rec.onnx']);
    expect(fileOfPack('rec.onnx')).toEqual(pack.files['rec.onnx']);
    expect(JSON.parse(readFileSync(join(modelsDir, 'mini.json'), 'utf8'))).toEqual(pack.manifest);
  });

  it('leaves no working file behind, nor that of a run that was killed a day ago', async () => {
    server.serve('/mini.zip', pack.archive);
    const [old, recent] = ['.fetch-mini-abcdef', '.fetch-mini-ghijkl'];
    for (const name of [old, recent]) mkdirSync(join(modelsDir, name));
    const yesterday = Date.now() / 1_000 - 90_000;
    utimesSync(join(modelsDir, old), yesterday, yesterday);

    await fetchMade();

    expect(readdirSync(modelsDir).sort()).toEqual([recent, 'mini', 'mini.json']);
  });

  it('fetches twice at the same time, as in two containers, where processes have the same id', async () => {
    const waiting: (() => void)[] = [];
    const onHeld = (finish: () => void): void => {
      if (waiting.push(finish) === 2) for (const finishOne of waiting) finishOne();
    };
    server.serve('/mini.zip', serveInParts(pack.archive, 50_000, onHeld));

    expect(await Promise.all([fetchMade(), fetchMade()])).toEqual([true, true]);

    expect(readdirSync(modelsDir).sort()).toEqual(['mini', 'mini.json']);
    expect(fileOfPack('rec.onnx')).toEqual(pack.files['rec.onnx']);
  });

  it('fetches in two processes at the same time, and keeps what one has when a signal ends it', async () => {
    const waiting: (() => void)[] = [];
    const onHeld = (finish: () => void): void => void waiting.push(finish);
    server.serve('/mini.zip', serveInParts(pack.archive, 50_000, onHeld));
    const [ended, other] = [startFetching(), startFetching()];
    const exits = [once(ended, 'exit'), once(other, 'exit')];
    const partSizes = (): readonly number[] =>
      readdirSync(modelsDir).map(
        (name) => statSync(join(modelsDir, name, '.mini.zip.part'), { throwIfNoEntry: false })?.size ?? 0,
      );
    await vi.waitFor(() => expect(partSizes()).toEqual([50_000, 50_000]), { timeout: 60_000 });

    ended.kill('SIGTERM');
    expect(await exits[0]).toEqual([null, 'SIGTERM']);
    expect(statSync(partPath()).size).toBe(50_000);
    for (const finish of waiting) finish();
    expect(await exits[1]).toEqual([0, null]);

    expect(readdirSync(modelsDir).sort()).toEqual(['mini', 'mini.json']);
    expect(fileOfPack('rec.onnx')).toEqual(pack.files['rec.onnx']);
  });

  it('finds files in a folder named after the pack', async () => {
    pack = makePack(`${server.origin}/mini.zip`, 'mini/');
    server.serve('/mini.zip', pack.archive);

    await fetchMade();

    expect(fileOfPack('det.onnx')).toEqual(pack.files['det.onnx']);
  });

  it('shows the licence before the first request', async () => {
    server.serve('/mini.zip', (_request, response) => {
      lines.push('REQUEST');
      response.end(pack.archive);
    });

    await fetchMade();

    const licence = lines.findIndex((line) => line.includes('For this test only.'));
    expect(licence).toBeGreaterThanOrEqual(0);
    expect(licence).toBeLessThan(lines.indexOf('REQUEST'));
  });

  it('requests nothing when every file is right', async () => {
    server.serve('/mini.zip', pack.archive);
    await fetchMade();
    const before = server.requests.length;

    const fetched = await fetchMade();

    expect(fetched).toBe(false);
    expect(server.requests.length).toBe(before);
  });

  it('replaces a damaged file, names it, and leaves files it does not know alone', async () => {
    server.serve('/mini.zip', pack.archive);
    await fetchMade();
    const damaged = Buffer.from(pack.files['rec.onnx'] ?? []);
    damaged[70_000] = (damaged[70_000] ?? 0) ^ 1;
    writeFileSync(join(modelsDir, 'mini', 'rec.onnx'), damaged);
    writeFileSync(join(modelsDir, 'mini', 'notes.txt'), 'mine');
    lines.length = 0;

    await fetchMade();

    expect(lines).toContain('rec.onnx is damaged');
    expect(fileOfPack('rec.onnx')).toEqual(pack.files['rec.onnx']);
    expect(filesOfPack()).toEqual(['det.onnx', 'notes.txt', 'rec.onnx']);
  });

  it('continues where a connection broke', async () => {
    const ranges: (string | undefined)[] = [];
    const cuts = [50_000, 80_000];
    server.serve('/mini.zip', (request, response) => {
      ranges.push(request.headers.range);
      const cut = cuts.shift();
      const serve = cut ? serveUntil(pack.archive, cut, partHolds) : serveFile(pack.archive);
      serve(request, response);
    });

    await fetchMade();

    expect(ranges).toEqual(['bytes=0-', 'bytes=50000-', 'bytes=80000-']);
    expect(fileOfPack('det.onnx')).toEqual(pack.files['det.onnx']);
  });

  it('keeps what arrived when the server is unavailable, and continues in the next run', async () => {
    server.serve('/mini.zip', (request, response) => {
      if (server.requests.length > 1) response.destroy();
      else serveUntil(pack.archive, 60_000, partHolds)(request, response);
    });
    await expect(fetchMade()).rejects.toMatchObject({ name: 'UserError' });
    const kept = statSync(partPath()).size;
    server.serve('/mini.zip', serveFile(pack.archive));

    await fetchMade();

    expect(kept).toBe(60_000);
    expect(filesOfPack()).toEqual(['det.onnx', 'rec.onnx']);
    expect(existsSync(partPath())).toBe(false);
  });

  it('starts again when what an earlier run left is of another file', async () => {
    writeFileSync(partPath(), Buffer.alloc(1_000, 7));
    server.serve('/mini.zip', serveFile(pack.archive));

    await fetchMade();

    expect(fileOfPack('det.onnx')).toEqual(pack.files['det.onnx']);
  });

  it('takes the whole file from a server that knows no ranges', async () => {
    writeFileSync(partPath(), pack.archive.subarray(0, 1_000));
    server.serve('/mini.zip', pack.archive);

    await fetchMade();

    expect(fileOfPack('det.onnx')).toEqual(pack.files['det.onnx']);
  });

  it('follows redirects, as release pages send them', async () => {
    server.serve('/real.zip', serveFile(pack.archive));
    server.serve('/mini.zip', (_request, response) =>
      response.writeHead(302, { location: '/real.zip' }).end(),
    );

    await fetchMade();

    expect(filesOfPack()).toEqual(['det.onnx', 'rec.onnx']);
  });

  it('refuses an archive of other bytes and keeps nothing of it', async () => {
    const other = Buffer.from(pack.archive);
    other[5_000] = (other[5_000] ?? 0) ^ 1;
    server.serve('/mini.zip', other);

    await expect(fetchMade()).rejects.toMatchObject({ name: 'UserError' });

    expect(readdirSync(modelsDir)).toEqual([]);
  });

  it.each([
    ['longer', (archive: Buffer) => Buffer.concat([archive, Buffer.alloc(10)])],
    ['shorter', (archive: Buffer) => archive.subarray(0, -10)],
  ])('refuses an archive that is %s than the manifest says', async (_name, change) => {
    server.serve('/mini.zip', change(pack.archive));

    await expect(fetchMade()).rejects.toMatchObject({ name: 'UserError' });

    expect(existsSync(join(modelsDir, 'mini'))).toBe(false);
  });

  it('gives up at once when the server has no such file', async () => {
    await expect(fetchMade()).rejects.toMatchObject({ name: 'UserError' });

    expect(server.requests.length).toBe(1);
  });

  it('takes an archive that is already on this disk', async () => {
    const path = join(modelsDir, 'mine.zip');
    writeFileSync(path, pack.archive);

    await fetchMade({ from: path });

    expect(server.requests).toEqual([]);
    expect(fileOfPack('rec.onnx')).toEqual(pack.files['rec.onnx']);
    expect(existsSync(path)).toBe(true);
  });

  it('takes the archive from a mirror that serves the same bytes', async () => {
    const mirror = server.serve('/mirror.zip', pack.archive);

    await fetchMade({ from: mirror });

    expect(server.requests).toEqual(['/mirror.zip']);
  });

  it('refuses an archive on this disk that is another one', async () => {
    const path = join(modelsDir, 'mine.zip');
    writeFileSync(path, pack.archive.subarray(1));

    await expect(fetchMade({ from: path })).rejects.toMatchObject({ name: 'UserError' });
  });
});
