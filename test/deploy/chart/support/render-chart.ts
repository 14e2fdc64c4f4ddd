import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';

export type Values = Readonly<Record<string, unknown>>;

/** An object of Kubernetes, as far as the tests look into it. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  readonly spec: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly [key: string]: any;
}

export const NAMESPACE = 'faces';
export const RELEASE = 'face-verification';
const CHART = fileURLToPath(new URL('../../../../deploy/helm/face-verification', import.meta.url));
/** Helm that is built from its module believes that it talks to an old Kubernetes. */
const KUBERNETES = ['--kube-version', '1.34.0'];

/** Runs a command of Helm (HELM, or `helm` of the PATH) on the chart. @throws Error if there is no Helm. */
function runHelm(
  args: readonly string[],
  values: Values,
): { readonly status: number; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(
    process.env.HELM ?? 'helm',
    [...args, '--namespace', NAMESPACE, '--values', '-', ...KUBERNETES],
    { input: stringify(values), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (error) throw new Error(`HELM must name Helm 3: ${error.message}`);
  return { status: status ?? 1, output: status === 0 ? stdout : stdout + stderr };
}

/** Returns what Helm prints for `values`. @throws Error with its message if it refuses them. */
export function renderText(values: Values): string {
  const { status, output } = runHelm(['template', RELEASE, CHART], values);
  if (status !== 0) throw new Error(output);
  return output;
}

/** Returns the objects for `values`. @throws Error if Helm refuses them. */
export function render(values: Values): readonly KubernetesObject[] {
  return parseAllDocuments(renderText(values))
    .map((document) => document.toJS({ maxAliasCount: 0 }))
    .filter((object): object is KubernetesObject => object !== null);
}

/** Returns the problems that `helm lint --strict` finds; empty if there are none. */
export function lint(values: Values): string {
  const { status, output } = runHelm(['lint', '--strict', CHART], values);
  return status === 0 ? '' : output;
}

/** Returns the only object of this kind, and of this name if given. @throws Error if there is another number of them. */
export function find(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  const [object] = found;
  if (!object || found.length > 1) throw new Error(`${found.length} objects are ${kind} ${name ?? ''}`);
  return object;
}
