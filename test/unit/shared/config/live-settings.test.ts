import { EventEmitter, once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ApiConfig, loadApiConfig } from '../../../../src/shared/config/config.js';
import {
  followSettings,
  type LiveOptions,
  type LiveSettings,
} from '../../../../src/shared/config/live-settings.js';
import { readFiles } from '../../../../src/shared/config/setting-files.js';

const KEY = 'shop-0123456789abcdef';

let folder: string;
let live: LiveSettings<ApiConfig> | undefined;
let log: PassThrough;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'face-settings-'));
  log = new PassThrough();
});

afterEach(() => {
  live?.stop();
  live = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** Replaces a file in one step, so that no program reads a part of it. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** The text of a file of tenants with these names. */
const textOf = (...names: string[]) =>
  JSON.stringify({ tenants: Object.fromEntries(names.map((name) => [name, {}])) });

/** Shorter than in the programs. */
const settle = () => pause(20);
function follow(
  env: Record<string, string>,
  more: Partial<LiveOptions<ApiConfig>> = {},
): LiveSettings<ApiConfig> {
  const load = () => loadApiConfig(env);
  live = followSettings({ loaded: load(), load, logger: pino({}, log), pollMs: 50, settle, ...more });
  return live;
}

const namesOf = () => [...(live?.current().tenants?.keys() ?? [])];
const untilNames = (...names: string[]) =>
  vi.waitFor(() => expect(namesOf()).toEqual(names), { timeout: 60_000, interval: 20 });
const logged = () => String(log.read() ?? '');

describe('followSettings', () => {
  it('reads a file again that is written in place, replaced, or removed and written', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    follow({ TENANTS_FILE: path });

    writeFileSync(path, textOf('two'));
    await untilNames('two');
    replace(path, textOf('three'));
    await untilNames('three');
    unlinkSync(path);
    writeFileSync(path, textOf('four'));
    await untilNames('four');
  });

  it('follows the links of a volume of Kubernetes, whose folders are swapped', async () => {
    const versions = ['one', 'two', 'three'];
    for (const version of versions) {
      mkdirSync(join(folder, `..${version}`));
      writeFileSync(join(folder, `..${version}`, 'tenants.json'), textOf(version));
    }
    symlinkSync('..one', join(folder, '..data'));
    symlinkSync('..data/tenants.json', join(folder, 'tenants.json'));
    follow({ TENANTS_FILE: join(folder, 'tenants.json') });

    for (const version of ['two', 'three']) {
      symlinkSync(`..${version}`, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      await untilNames(version);
    }
  });

  it('notices a change that its folder does not report', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'face-elsewhere-'));
    writeFileSync(join(elsewhere, 'tenants.json'), textOf('one'));
    symlinkSync(join(elsewhere, 'tenants.json'), join(folder, 'tenants.json'));
    follow({ TENANTS_FILE: join(folder, 'tenants.json') });

    writeFileSync(join(elsewhere, 'tenants.json'), textOf('two'));
    await untilNames('two');
    rmSync(elsewhere, { recursive: true });
  });

  it('keeps the settings while the file is broken, and says which tenant and field are wrong', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    const { state } = follow({ TENANTS_FILE: path });

    replace(path, JSON.stringify({ tenants: { shop: { keys: [KEY], threshold: 7 } } }));
    await vi.waitFor(() => expect(state().isStale).toBe(true), { timeout: 60_000 });

    expect(namesOf()).toEqual(['one']);
    const line = logged();
    expect(line).toContain('TENANTS_FILE: tenant shop: threshold must be at most 1');
    expect(line).not.toContain(KEY);
    replace(path, textOf('two'));
    await untilNames('two');
    expect(state()).toEqual({ applied: 1, refused: 1, isStale: false });
  });

  it('never uses a file of which a part is written, although that part is valid', async () => {
    const path = join(folder, 'tenants.yaml');
    const parts = ['tenants:\n  two: {}\n', '  three: {}\n', '  four: {}\n'];
    writeFileSync(path, textOf('one'));
    let written = 1;
    // The writer continues between any two readings until it is done.
    const settle = async () => {
      if (written < parts.length) writeFileSync(path, parts.slice(0, ++written).join(''));
    };
    const { state } = follow({ TENANTS_FILE: path }, { settle });

    writeFileSync(path, parts[0] ?? '');
    await untilNames('two', 'three', 'four');

    expect(state()).toEqual({ applied: 1, refused: 0, isStale: false });
  });

  it('does not use a file that was written again meanwhile, even with the same text', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    let rewrites = 0;
    const settle = async () => {
      if (rewrites < 3) utimesSync(path, 1_000, 1_000 + ++rewrites);
    };
    follow({ TENANTS_FILE: path }, { settle });

    replace(path, textOf('two'));
    await untilNames('two');

    expect(rewrites).toBe(3);
  });

  it('keeps the settings while a file is missing', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    const { state } = follow({ TENANTS_FILE: path });

    unlinkSync(path);
    await vi.waitFor(() => expect(state().isStale).toBe(true), { timeout: 60_000 });

    expect(namesOf()).toEqual(['one']);
  });

  it('reads the files of keys and secrets too, and refuses a name that both have', async () => {
    const [keys, tenants] = [join(folder, 'keys'), join(folder, 'tenants.json')];
    writeFileSync(keys, `bank:${KEY}`);
    writeFileSync(tenants, textOf('one'));
    const { state, current } = follow({ API_KEYS_FILE: keys, TENANTS_FILE: tenants });

    replace(keys, `bank:${KEY},bank:${KEY}-next`);
    await vi.waitFor(() => expect(current().API_KEYS).toHaveLength(2), { timeout: 60_000 });
    replace(tenants, textOf('one', 'bank'));
    await vi.waitFor(() => expect(state().isStale).toBe(true), { timeout: 60_000 });

    expect(namesOf()).toEqual(['one']);
    expect(logged()).toContain('API_KEYS has a key of this name too');
  });

  it('is not stale when a file that SIGHUP found broken is put back at once', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    const writer = new EventEmitter();
    const restored = once(writer, 'restored');
    const { state } = follow({ TENANTS_FILE: path }, { settle: () => restored });

    replace(path, '{');
    process.kill(process.pid, 'SIGHUP');
    await vi.waitFor(() => expect(state().isStale).toBe(true), { timeout: 60_000 });
    replace(path, textOf('one'));
    writer.emit('restored');
    await vi.waitFor(() => expect(state().isStale).toBe(false), { timeout: 60_000 });

    expect(namesOf()).toEqual(['one']);
  });

  it('uses a change once, although SIGHUP comes before two readings have found it', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    const reader = new EventEmitter();
    const [seen, settled] = [once(reader, 'seen'), once(reader, 'settled')];
    const settle = () => {
      reader.emit('seen');
      return settled;
    };
    const { state } = follow({ TENANTS_FILE: path }, { settle });

    replace(path, textOf('two'));
    await seen;
    process.kill(process.pid, 'SIGHUP');
    await vi.waitFor(() => expect(state().applied).toBe(1), { timeout: 60_000 });
    reader.emit('settled');
    // By the third reading of ours, that of the watcher is over.
    for (let reading = 0; reading < 3; reading += 1) await readFiles([path]);
    replace(path, textOf('three'));
    await untilNames('three');

    expect(state().applied).toBe(2);
  });

  it('reads everything again on SIGHUP, and without files leaves the signal to the system', async () => {
    const path = join(folder, 'tenants.json');
    writeFileSync(path, textOf('one'));
    const before = process.listenerCount('SIGHUP');
    const { state } = follow({ TENANTS_FILE: path });

    process.kill(process.pid, 'SIGHUP');
    await vi.waitFor(() => expect(state().applied).toBe(1), { timeout: 60_000 });
    live?.stop();

    expect(process.listenerCount('SIGHUP')).toBe(before);
    follow({ API_KEYS: `shop:${KEY}` });
    expect(process.listenerCount('SIGHUP')).toBe(before);
  });
});
