import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { findMissingRights } from '../../../src/shared/redis/find-missing-rights.js';
import { programsOf } from './support/programs-of.js';
import { find, render } from './support/render-chart.js';
import { BUNDLED, withSetting } from './support/values.js';

it('starts with the arguments and users of the chart, and gives the programs their rights', async () => {
  const objects = render(withSetting(BUNDLED, 'config.REDIS_PREFIX', '{other}'));
  const { data } = find(objects, 'Secret');
  const redis = programsOf(objects).find(({ name }) => name.endsWith('-redis'));
  const decode = (name: string) => Buffer.from(data[name], 'base64').toString();
  const folder = mkdtempSync(join(tmpdir(), 'chart-redis-'));
  writeFileSync(join(folder, 'users.acl'), decode('users.acl'));
  const args = (redis?.main.args ?? []).map((argument) =>
    argument.replace(/^\/data$/, folder).replace('/etc/face-verification/secrets', folder),
  );
  const socket = join(folder, 'socket');
  const server = spawn('redis-server', [...args, '--port', '0', '--unixsocket', socket], { stdio: 'ignore' });
  const probe = new Redis({ path: socket, enableReadyCheck: false });
  const url = new URL(decode('REDIS_URL'));
  const program = new Redis({ path: socket, username: url.username, password: url.password });
  for (const client of [probe, program]) client.on('error', () => undefined);
  try {
    await vi.waitFor(async () => expect(await probe.ping()).toBe('PONG'), { timeout: 60_000 });

    await expect(probe.get('x')).rejects.toThrow('NOPERM');
    await program.set('{other}:key', 'value');
    await expect(program.set('{face}:key', 'value')).rejects.toThrow('NOPERM');
    for (const user of ['api', 'worker'] as const)
      expect(await findMissingRights(program, { user, prefix: '{other}' })).toEqual([]);
    const info = await program.info();
    expect(info).toContain('aof_enabled:1');
    expect(info).toContain('maxmemory_policy:noeviction');
    expect(info).toContain('maxmemory_human:512.00M');
    expect(url.host).toBe('face-verification-redis:6379');
  } finally {
    for (const client of [probe, program]) client.disconnect();
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true });
  }
});

it('has another Secret for another prefix, which the programs and Redis mount', () => {
  const [usual, other] = ['{face}', '{other}'].map((prefix) => {
    const objects = render(withSetting(BUNDLED, 'config.REDIS_PREFIX', prefix));
    const { name } = find(objects, 'Secret').metadata;
    for (const { pod } of programsOf(objects))
      expect(JSON.stringify(pod.volumes)).toContain(`"name":"${name}"`);
    return name;
  });

  expect(usual).toBe('face-verification-redis');
  expect(other).toMatch(/^face-verification-redis-[0-9a-f]{8}$/);
});
