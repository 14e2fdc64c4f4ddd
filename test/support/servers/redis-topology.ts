import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePort } from '../../../src/cli/start/ports.js';
import { waitForPort } from './redis-server.js';

/** Several Redis processes that form one service. */
export interface RedisTopology {
  /** For REDIS_URL. */
  readonly url: string;
  /** Kills the process that holds the data, or a part of it. */
  killPrimary(): Promise<void>;
  /** Freezes that process instead: it keeps its connections and does not answer. */
  freezePrimary(): void;
  stop(): Promise<void>;
}

interface Node {
  readonly port: number;
  readonly process: ChildProcess;
}

async function startNode(folder: string, options: readonly string[], port: number): Promise<Node> {
  const base = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  const child = spawn('redis-server', [...base, ...options], { stdio: 'ignore' });
  await waitForPort(port);
  return { port, process: child };
}

/** Starts a sentinel with the configuration file that it needs for its state. */
async function startSentinelNode(
  folder: string,
  port: number,
  lines: readonly string[],
  options: readonly string[] = [],
): Promise<Node> {
  const config = join(folder, 'sentinel.conf');
  writeFileSync(config, [`port ${port}`, 'bind 127.0.0.1', ...lines].join('\n'));
  const child = spawn('redis-server', [config, '--sentinel', ...options], { stdio: 'ignore' });
  await waitForPort(port);
  return { port, process: child };
}

async function endAll(nodes: readonly Node[], folders: readonly string[]): Promise<void> {
  await Promise.all(nodes.map((node) => kill(node)));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

async function kill({ process: child }: Node): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const freeze = ({ process: child }: Node): boolean => child.kill('SIGSTOP');

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'face-topology-'));

/** Starts a primary, a replica and a sentinel that promotes the replica two seconds after the primary's death. */
export async function startSentinel(): Promise<RedisTopology> {
  const folders = [newFolder(), newFolder(), newFolder()];
  const [first = '', second = '', third = ''] = folders;
  const primary = await startNode(first, ['--appendonly', 'yes'], await freePort());
  const replica = await startNode(
    second,
    ['--appendonly', 'yes', '--replicaof', '127.0.0.1', String(primary.port)],
    await freePort(),
  );
  const sentinel = await startSentinelNode(third, await freePort(), [
    `sentinel monitor faces 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds faces 2000',
    'sentinel failover-timeout faces 5000',
  ]);
  return {
    url: `redis+sentinel://127.0.0.1:${sentinel.port}/faces`,
    killPrimary: () => kill(primary),
    freezePrimary: () => freeze(primary),
    stop: () => endAll([sentinel, replica, primary], folders),
  };
}

/** Starts a cluster of three primaries with all slots, each with a replica that can replace it. */
export async function startCluster(): Promise<RedisTopology> {
  const folders = Array.from({ length: 6 }, newFolder);
  const nodes: Node[] = [];
  for (const folder of folders) {
    // The bus port is the client port plus 10,000 and must be valid too.
    const port = 20_000 + ((await freePort()) % 20_000);
    const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--appendonly', 'yes'];
    nodes.push(await startNode(folder, [...cluster, '--repl-diskless-sync-delay', '0'], port));
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  execFileSync(
    'redis-cli',
    ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'],
    { stdio: 'ignore' },
  );
  await waitForReplicas(nodes);
  // The primary with the service's slot is the only one with keys.
  const primary = (): Node => {
    const found = nodes.find(
      (node) => ask(node, 'role').startsWith('master') && Number(ask(node, 'dbsize')) > 0,
    );
    if (!found) throw new Error('nothing is stored in the cluster yet');
    return found;
  };
  return {
    url: `redis+cluster://${addresses.join(',')}`,
    killPrimary: () => kill(primary()),
    freezePrimary: () => freeze(primary()),
    stop: () => endAll(nodes, folders),
  };
}

/** Waits until every replica follows a primary: before that, no primary could be replaced. */
async function waitForReplicas(nodes: readonly Node[]): Promise<void> {
  const inSync = () =>
    nodes.filter((node) => ask(node, 'info', 'replication').includes('master_link_status:up'));
  await vi.waitFor(() => expect(inSync()).toHaveLength(nodes.length / 2), { timeout: 60_000, interval: 200 });
}

function ask({ port }: Node, ...command: readonly string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' });
}

/** TLS files of a Redis, in PEM. The certificate is self-signed. */
interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Returns the options of a Redis or sentinel that accepts only TLS. */
function tlsOptions({ cert, key }: Certificate, port: number): string[] {
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
  return ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', 'no'];
}

/** Starts a primary and a sentinel that accept only TLS, each with its own password. */
export async function startSecureSentinel(certificate: Certificate): Promise<RedisTopology> {
  const folders = [newFolder(), newFolder()];
  const [first = '', second = ''] = folders;
  const [port, sentinelPort] = [await freePort(), await freePort()];
  const primary = await startNode(
    first,
    [...tlsOptions(certificate, port), '--requirepass', 'for-data'],
    port,
  );
  const sentinel = await startSentinelNode(
    second,
    sentinelPort,
    [`sentinel monitor faces 127.0.0.1 ${port} 1`, 'sentinel auth-pass faces for-data'],
    [...tlsOptions(certificate, sentinelPort), '--tls-replication', 'yes', '--requirepass', 'for-sentinel'],
  );
  const query = `ca=${certificate.cert}&servername=photos.acme.com&sentinelPassword=for-sentinel`;
  return {
    url: `rediss+sentinel://:for-data@127.0.0.1:${sentinelPort}/faces?${query}`,
    killPrimary: () => kill(primary),
    freezePrimary: () => freeze(primary),
    stop: () => endAll([sentinel, primary], folders),
  };
}

/** Starts a Redis that accepts only TLS, with the certificate in test/fixtures. */
export async function startTls(certificate: Certificate): Promise<RedisTopology> {
  const folder = newFolder();
  const port = await freePort();
  const node = await startNode(folder, [...tlsOptions(certificate, port), '--appendonly', 'yes'], port);
  return {
    url: `rediss://127.0.0.1:${port}?ca=${certificate.cert}&servername=photos.acme.com`,
    killPrimary: () => kill(node),
    freezePrimary: () => freeze(node),
    stop: () => endAll([node], [folder]),
  };
}
