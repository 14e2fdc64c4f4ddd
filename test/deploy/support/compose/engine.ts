import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cached } from '../cache.js';
import type { DebianPrograms } from '../debian-programs.js';
import { goProgram } from '../go-programs.js';
import { attempt } from '../run.js';
import { type Server, startServer } from '../server.js';

/** An address in the engine's network that is not a container's: tests serve photos there. */
export const TEST_ADDRESS = '10.99.0.1';
/** What slirp4netns gives the network for name resolution: it asks the machine's own name server. */
const NAME_SERVER = '10.0.2.3';
/** Control groups are in a file system of the whole machine, so they outlive the engine's namespaces. */
const CGROUP_ROOT = '/sys/fs/cgroup';
const CGROUP_PREFIX = 'face-verification-deploy-test-';
/** How long the groups of killed processes stay in use, ms. */
const CGROUP_GRACE_MS = 5_000;

export interface Engine {
  /** Variables with which Docker's client and compose reach the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** Words to put before a command that must run in the engine's network. */
  readonly inNetwork: readonly string[];
  stop(): Promise<void>;
}

/**
 * Starts a Docker engine. It lives in namespaces of its own for processes, mounts and network: the machine's firewall,
 * interfaces and mounts stay as they are, and when its first process ends, the kernel removes the rest. Its network
 * reaches the outside through slirp4netns, an ordinary process.
 * @throws Error with the end of its log if it does not answer.
 */
export async function startEngine({ env }: DebianPrograms): Promise<Engine> {
  const folder = cached('engine');
  prepareFolder(folder);
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const log = join(folder, 'engine.log');
  const engine = startServer(['unshare', ...namespaces, 'sh', writeInit(folder)], { env, log });
  const started: Server[] = [engine];
  const stop = async (): Promise<void> => {
    // A killed unshare takes its child with it, and that child its namespaces.
    for (const server of started) await server.stop('SIGKILL');
    await removeCgroups();
  };
  try {
    const first = await findFirstProcess(engine);
    const args = ['--configure', '--mtu=65520', '--disable-host-loopback', String(first), 'tap0'];
    started.push(startServer(['slirp4netns', ...args], { env, log: join(folder, 'network.log') }));
    const client = {
      ...env,
      DOCKER_HOST: `unix://${join(folder, 'docker.sock')}`,
      DOCKER_CONFIG: join(folder, 'client'),
      DOCKER_BUILDKIT: '1',
    };
    await engine.waitFor('The engine does not answer', async () => {
      const { code } = await attempt('docker', ['version'], { env: client, timeoutMs: 10_000 });
      return code === 0 ? true : undefined;
    });
    return { env: client, inNetwork: ['nsenter', `--net=/proc/${first}/ns/net`], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function prepareFolder(folder: string): void {
  const plugins = join(folder, 'client', 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  rmSync(join(plugins, 'docker-compose'), { force: true });
  symlinkSync(goProgram('docker-compose'), join(plugins, 'docker-compose'));
  rmSync(join(folder, 'docker.sock'), { force: true });
}

/** Writes what the first process of the namespaces does before the engine starts, and returns the file's path. */
function writeInit(folder: string): string {
  const resolv = join(folder, 'resolv.conf');
  writeFileSync(resolv, `nameserver ${NAME_SERVER}\n`);
  const script = `set -eu
mount --make-rprivate /
# Sockets and state in /run are the engine's own. resolv.conf can be a link to a file there.
target=$(readlink -f /etc/resolv.conf)
mount -t tmpfs tmpfs /run
mkdir -p "$(dirname "$target")"
[ -e "$target" ] || : > "$target"
mount --bind '${resolv}' "$target"
ip link set lo up
ip address add ${TEST_ADDRESS}/32 dev lo
until ip link show tap0 > /dev/null 2>&1; do sleep 0.1; done
exec tini -s -g -- dockerd --data-root '${folder}/data' -H 'unix://${folder}/docker.sock' --dns ${NAME_SERVER} \\
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /${CGROUP_PREFIX}${process.pid}
`;
  const path = join(folder, 'start.sh');
  writeFileSync(path, script);
  return path;
}

/** Returns the id, among this machine's processes, of the first process in the namespaces. */
function findFirstProcess(unshare: Server): Promise<number> {
  return unshare.waitFor('The kernel makes no namespaces', async () => {
    const list = `/proc/${unshare.pid}/task/${unshare.pid}/children`;
    const [first] = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
    return first ? Number(first) : undefined;
  });
}

/** Removes the empty control groups of this engine, and those that a killed test left. */
export async function removeCgroups(): Promise<void> {
  const deadline = Date.now() + CGROUP_GRACE_MS;
  const own = `${CGROUP_PREFIX}${process.pid}`;
  while (true) {
    const left = [CGROUP_ROOT, ...listFolders(CGROUP_ROOT)]
      .flatMap(listFolders)
      .filter((folder) => basename(folder).startsWith(CGROUP_PREFIX) && !removeTree(folder));
    if (!left.some((folder) => basename(folder) === own) || Date.now() > deadline) return;
    await pause(100);
  }
}

/** Removes a control group and those in it; false if a process is in one. */
function removeTree(folder: string): boolean {
  for (const child of listFolders(folder)) removeTree(child);
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function listFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
