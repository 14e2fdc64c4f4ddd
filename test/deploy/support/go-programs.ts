import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';
import { Skipped } from './report.js';
import { attempt, run } from './run.js';

/** Where a program's source is: a Go module, and the package in it. */
interface GoProgram {
  readonly module: string;
  readonly version: string;
  readonly package: string;
  /** String variables that its own build sets: a Go path and a value. */
  readonly variables?: Readonly<Record<string, string>>;
}

export const KUBERNETES = {
  module: 'k8s.io/kubernetes',
  version: 'v1.34.4',
  // Charts ask the server for its version.
  variables: {
    'k8s.io/component-base/version.gitVersion': 'v1.34.4',
    'k8s.io/component-base/version.gitMajor': '1',
    'k8s.io/component-base/version.gitMinor': '34',
  },
} as const;

/** The programs that Debian lacks or has in versions that are too old. */
const PROGRAMS = {
  'docker-compose': {
    module: 'github.com/docker/compose/v2',
    version: 'v2.40.3',
    package: './cmd',
  },
  'dockerfile-frontend': {
    module: 'github.com/moby/buildkit',
    version: 'v0.13.2',
    package: './frontend/dockerfile/cmd/dockerfile-frontend',
  },
  helm: {
    module: 'helm.sh/helm/v3',
    version: 'v3.22.0',
    package: './cmd/helm',
    // The version for which it renders a chart without a server.
    variables: {
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor': '1',
      'helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor': '34',
    },
  },
  kubeconform: { module: 'github.com/yannh/kubeconform', version: 'v0.8.0', package: './cmd/kubeconform' },
  kubectl: { ...KUBERNETES, package: 'k8s.io/kubernetes/cmd/kubectl' },
  'kube-apiserver': { ...KUBERNETES, package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
} as const satisfies Readonly<Record<string, GoProgram>>;

export type GoProgramName = keyof typeof PROGRAMS;

const GO_ENV = {
  GOMODCACHE: cached('go', 'mod'),
  GOCACHE: cached('go', 'build'),
  // modcacherw: so that removing the cache is plain `rm -rf`. readonly: some modules contain an incomplete vendor folder.
  GOFLAGS: '-modcacherw -buildvcs=false -mod=readonly',
  CGO_ENABLED: '0',
} as const;

/** Returns where a program is or will be. */
export function goProgram(name: GoProgramName): string {
  return cached('bin', `${name}-${PROGRAMS[name].version}`);
}

/**
 * Builds a program from its Go module unless that version is in the cache, and returns its path.
 * @throws Skipped without a Go compiler.
 */
export async function buildGoProgram(name: GoProgramName): Promise<string> {
  const path = goProgram(name);
  if (existsSync(path)) return path;
  const program: GoProgram = PROGRAMS[name];
  const isKubernetes = program.module === KUBERNETES.module;
  const source = await downloadModule(program.module, program.version);
  const folder = isKubernetes ? kubernetesWorkspace(source) : source;
  mkdirSync(cached('bin'), { recursive: true });
  const unfinished = `${path}.unfinished`;
  const variables = Object.entries(program.variables ?? {}).map(([key, value]) => `-X ${key}=${value}`);
  const flags = ['-s', '-w', ...variables].join(' ');
  const args = ['build', '-trimpath', '-ldflags', flags, '-o', unfinished, program.package];
  const env = isKubernetes ? { ...GO_ENV, GOFLAGS: GO_ENV.GOFLAGS.replace('readonly', 'mod') } : GO_ENV;
  // Minutes of every core: the machine stays usable.
  await run('nice', ['-n', '15', 'go', ...args], { cwd: folder, env });
  renameSync(unfinished, path);
  return path;
}

/** Copies a file or folder of a module to `cache/name`, unless it is there, and returns its path. */
export async function copyFromModule(
  name: string,
  { module, version, path }: { readonly module: string; readonly version: string; readonly path: string },
): Promise<string> {
  const target = cached('files', `${name}-${version}`);
  if (existsSync(target)) return target;
  const source = await downloadModule(module, version);
  cpSync(join(source, path), `${target}.unfinished`, { recursive: true });
  renameSync(`${target}.unfinished`, target);
  return target;
}

/** Removes sources and compiled packages, ten times the size of the programs. */
export function dropGoCaches(): void {
  rmSync(cached('go'), { recursive: true, force: true });
}

async function downloadModule(module: string, version: string): Promise<string> {
  const args = ['mod', 'download', '-json', `${module}@${version}`];
  const { code, stdout, output } = await attempt('go', args, { cwd: cached(), env: GO_ENV }).catch(() => {
    throw new Skipped(`no Go compiler found to build ${module}`);
  });
  if (code !== 0) throw new Error(`go could not download ${module}@${version}: ${output}`);
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

/**
 * Returns a folder in which Kubernetes' programs can be built: its module replaces its own parts by folders that the
 * module's archive lacks; they are published as modules of their own, v0.X.Y for Kubernetes v1.X.Y.
 */
function kubernetesWorkspace(source: string): string {
  const folder = cached('go', 'kubernetes');
  mkdirSync(folder, { recursive: true });
  const original = readFileSync(join(source, 'go.mod'), 'utf8');
  const parts = [...original.matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging/gm)].map(([, part]) => part);
  const version = KUBERNETES.version.replace(/^v1/, 'v0');
  const lines = [
    'module example.com/programs',
    /^go .*$/m.exec(original)?.[0] ?? '',
    `require ${KUBERNETES.module} ${KUBERNETES.version}`,
    ...parts.map((part) => `replace ${part} => ${part} ${version}`),
  ];
  writeFileSync(join(folder, 'go.mod'), `${lines.join('\n')}\n`);
  cpSync(join(source, 'go.sum'), join(folder, 'go.sum'));
  return folder;
}
