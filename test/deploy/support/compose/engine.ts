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
import { join } from 'node:path';
import { cached } from '../cache.js';
import type { DebianPrograms } from '../debian-programs.js';
import { goProgram } from '../go-programs.js';
import { attempt } from '../run.js';
import { type Server, startServer } from '../server.js';

/** An address in the engine's network that is not a container's: tests serve photos there. */
export const TEST_ADDRESS = '10.99.0.1';
/** What slirp4netns gives the network for name resolution: it asks the machine's own name server. */
const NAME_SERVER = '10.0.2.3';
const CGROUP = 'face-verification-deploy-test';

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
  removeCgroups();
  const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const log = join(folder, 'engine.log');
  const engine = startServer(['unshare', ...namespaces, 'sh', writeInit(folder)], { env, log });
  const started: Server[] = [engine];
  const stop = async (): Promise<void> => {
    // A killed unshare takes its child with it, and that child its namespaces.
    for (const server of started) await server.stop('SIGKILL');
    removeCgroups();
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
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent /${CGROUP}
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

/** The engine's control groups are in a file system of the whole machine, so they outlive its namespaces. */
function removeCgroups(): void {
  const root = '/sys/fs/cgroup';
  for (const folder of [root, ...listFolders(root)]) removeTree(join(folder, CGROUP));
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const child of listFolders(folder)) removeTree(child);
  try {
    rmdirSync(folder);
  } catch {
    // A process that is being killed keeps its group for a moment. The next run removes the empty group.
  }
}

function listFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
