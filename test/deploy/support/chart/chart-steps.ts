import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPrometheus } from '../../../../scripts/setup/find-prometheus.mjs';
import { cached } from '../cache.js';
import type { DebianPrograms } from '../debian-programs.js';
import { buildGoProgram, copyFromModule, type GoProgramName, goProgram, KUBERNETES } from '../go-programs.js';
import type { Report } from '../report.js';
import { run } from '../run.js';
import { runSuite } from '../run-suite.js';
import { startApiServer } from './api-server.js';

const CHART = fileURLToPath(new URL('../../../../deploy/helm/face-verification', import.meta.url));
const PROGRAMS = [
  'helm',
  'kubeconform',
  'kubectl',
  'kube-apiserver',
] as const satisfies readonly GoProgramName[];

/** Kinds that the chart uses and Kubernetes lacks: their definitions are files of these modules. */
const DEFINITIONS = {
  keda: { module: 'github.com/kedacore/keda/v2', version: 'v2.21.0', path: 'config/crd/bases' },
  'prometheus-operator': {
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    path: 'example/prometheus-operator-crd',
  },
} as const;

/** Renders the chart and applies it to a real Kubernetes API server, without nodes: no pod runs. */
export async function testChart(report: Report, programs: DebianPrograms): Promise<void> {
  for (const name of PROGRAMS) {
    const built = await report.step(`${name} from its Go module`, async () => [await buildGoProgram(name)]);
    if (!built) return;
  }
  const files = await report.step('definitions of the kinds that the chart uses', async () => {
    const names = Object.entries(DEFINITIONS).map(([name, { version }]) => `${name} ${version}`);
    return [await copyFiles(), [`Kubernetes ${KUBERNETES.version}`, ...names].join(', ')];
  });
  // Without it, the tests of the autoscaler's queries skip themselves.
  const prometheus = await report.step('Prometheus', async () => [await findPrometheus()]);
  const server = await report.step('etcd and kube-apiserver', async () => [await startApiServer(programs)]);
  if (!files || !server) return;
  try {
    const env = {
      ...programs.env,
      PATH: [linkPrograms(), programs.env.PATH].join(delimiter),
      KUBECONFIG: server.kubeconfig,
      KUBECONFORM: goProgram('kubeconform'),
      KUBERNETES_SWAGGER: files.swagger,
      CRD_FOLDERS: files.definitions.join(delimiter),
      DEPLOY_TEST_CHART: CHART,
      ...(prometheus ? { PROMETHEUS_FOLDER: prometheus } : {}),
    };
    await report.step('chart: rendered, validated, applied, applied again, upgraded, deleted', async () => {
      for (const folder of files.definitions)
        await run('kubectl', ['apply', '--server-side', '--filename', folder], { env });
      await run('kubectl', ['wait', '--for', 'condition=established', '--timeout=120s', 'crd', '--all'], {
        env,
      });
      return [true, await runSuite('deploy/chart/', { env })];
    });
  } finally {
    await server.stop();
  }
}

interface Files {
  /** Kubernetes' OpenAPI document. */
  readonly swagger: string;
  /** Folders of CustomResourceDefinitions. */
  readonly definitions: readonly string[];
}

async function copyFiles(): Promise<Files> {
  const definitions: string[] = [];
  for (const [name, source] of Object.entries(DEFINITIONS))
    definitions.push(await copyFromModule(name, source));
  const swagger = { ...KUBERNETES, path: 'api/openapi-spec/swagger.json' };
  return { swagger: await copyFromModule('swagger', swagger), definitions };
}

/** Returns a folder in which the programs have their usual names. */
function linkPrograms(): string {
  const folder = cached('path');
  mkdirSync(folder, { recursive: true });
  for (const name of PROGRAMS) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(goProgram(name), join(folder, name));
  }
  return folder;
}
