import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { closeServer, listen } from '../../../support/servers/listen.js';
import { cached } from '../cache.js';
import type { DebianPrograms } from '../debian-programs.js';
import { goProgram } from '../go-programs.js';
import { attempt } from '../run.js';
import { type Server, startServer } from '../server.js';

export interface ApiServer {
  /** Path of a kubeconfig whose user may do everything. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/**
 * Starts etcd and a kube-apiserver on free loopback ports, with their data in a new folder of the cache. No other part of
 * Kubernetes runs: objects are validated, defaulted and stored, and nothing acts on them.
 */
export async function startApiServer({ env }: DebianPrograms): Promise<ApiServer> {
  const folder = cached('api-server');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const started: Server[] = [];
  const stop = async (): Promise<void> => {
    for (const server of started.reverse()) await server.stop();
    rmSync(folder, { recursive: true });
  };
  try {
    const [client, peer, secure] = await findFreePorts(3);
    const etcd = `http://127.0.0.1:${client}`;
    started.push(
      startServer(etcdCommand(folder, etcd, `http://127.0.0.1:${peer}`), {
        env,
        log: join(folder, 'etcd.log'),
      }),
    );
    const token = randomBytes(16).toString('hex');
    const command = apiServerCommand(folder, { etcd, port: secure ?? 0, token });
    const server = startServer(command, { env: {}, log: join(folder, 'kube-apiserver.log') });
    started.push(server);
    const kubeconfig = writeKubeconfig(folder, secure ?? 0, token);
    await server.waitFor('The API server is not ready', async () => {
      const args = ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'];
      const { code } = await attempt(goProgram('kubectl'), args, { timeoutMs: 10_000 });
      return code === 0 ? true : undefined;
    });
    return { kubeconfig, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdCommand(folder: string, client: string, peer: string): readonly string[] {
  return [
    'etcd',
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiServerCommand(
  folder: string,
  { etcd, port, token }: { readonly etcd: string; readonly port: number; readonly token: string },
): readonly string[] {
  const key = join(folder, 'service-account.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const tokens = join(folder, 'tokens.csv');
  writeFileSync(tokens, `${token},operator,operator,system:masters\n`, { mode: 0o600 });
  mkdirSync(join(folder, 'certificates'));
  return [
    goProgram('kube-apiserver'),
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    '--service-cluster-ip-range=10.0.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${key}`,
    `--service-account-key-file=${key}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    // On by default from Kubernetes 1.35.
    '--feature-gates=ImageVolume=true',
  ];
}

function writeKubeconfig(folder: string, port: number, token: string): string {
  const path = join(folder, 'kubeconfig.json');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'operator', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'operator' } }],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** Returns ports that are free now; all are open at once, so that no two are the same. */
async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) => listen(server)));
  await Promise.all(servers.map(closeServer));
  return ports;
}
