import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Values } from '../../chart/support/render-chart.js';
import { attempt, run } from '../run.js';

const RELEASE = 'faces';
/** Namespaces in which Kubernetes refuses every pod that breaks the restricted standard, and warns about its makers. */
const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
  spec: z.looseObject({ volumes: z.array(z.unknown()).optional() }),
});
const stored = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }),
  spec: z
    .looseObject({
      replicas: z.number().optional(),
      template: template.optional(),
      volumeClaimTemplates: z
        .array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) }))
        .optional(),
    })
    .optional(),
});
export type StoredObject = z.infer<typeof stored>;

const chart = process.env.DEPLOY_TEST_CHART ?? '';

/** Makes a namespace for one test. It is not removed: that needs a controller, and the API server's data are temporary. */
export async function makeNamespace(name: string): Promise<string> {
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: RESTRICTED } },
    // A controller does this elsewhere.
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } },
  ];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await run('kubectl', ['create', '--filename', '-'], { input });
  return name;
}

/** Adds a runtime of containers, which the operator of GPU nodes has: pods that name an unknown one are refused. */
export async function addRuntimeClass(name: string): Promise<void> {
  const runtime = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler: name };
  await run('kubectl', ['apply', '--server-side', '--filename', '-'], { input: JSON.stringify(runtime) });
}

/** Returns the chart's objects for these values as YAML. */
export function render(namespace: string, values: Values): Promise<string> {
  const args = ['template', RELEASE, chart, '--namespace', namespace, '--values', '-'];
  return run('helm', args, { input: JSON.stringify(values) });
}

/** Applies objects as a deployment tool does, and returns what kubectl says, warnings included. */
export async function applyObjects(namespace: string, manifest: string): Promise<string> {
  const args = ['apply', '--server-side', '--validate=strict', '--namespace', namespace, '--filename', '-'];
  const { code, output } = await attempt('kubectl', args, { input: manifest });
  if (code !== 0) throw new Error(output);
  return output;
}

export async function deleteObjects(namespace: string, manifest: string): Promise<void> {
  await run('kubectl', ['delete', '--namespace', namespace, '--filename', '-'], { input: manifest });
}

/** Returns the objects of a manifest as the API server has them now; objects that it lacks are missing. */
export async function readObjects(namespace: string, manifest: string): Promise<readonly StoredObject[]> {
  const args = ['get', '--ignore-not-found', '--namespace', namespace, '--output', 'json', '--filename', '-'];
  const text = await run('kubectl', args, { input: manifest });
  if (text.trim() === '') return [];
  const found: unknown = JSON.parse(text);
  const list = z.object({ kind: z.literal('List'), items: z.array(stored) }).safeParse(found);
  return list.success ? list.data.items : [stored.parse(found)];
}

/** Returns each object's version, which every change of its stored content changes. */
export function versionsOf(objects: readonly StoredObject[]): Readonly<Record<string, string>> {
  const entries = objects.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, metadata.resourceVersion]);
  return Object.fromEntries(entries);
}

/**
 * Sets the size of each Deployment that the manifest leaves to an autoscaler, as that does. Returns their names.
 */
export async function playAutoscaler(
  namespace: string,
  { manifest, replicas }: { readonly manifest: string; readonly replicas: number },
): Promise<readonly string[]> {
  const deployment = z.looseObject({
    kind: z.literal('Deployment'),
    metadata: z.looseObject({ name: z.string() }),
    spec: z.looseObject({ replicas: z.undefined().optional() }),
  });
  const documents = parseAllDocuments(manifest).map((document) => deployment.safeParse(document.toJS()));
  const names = documents.flatMap(({ data }) => (data ? [data.metadata.name] : []));
  for (const name of names)
    await run('kubectl', ['scale', '--namespace', namespace, `deployment/${name}`, `--replicas=${replicas}`]);
  return names;
}

/**
 * Asks the API server whether it would accept the pods of these objects. Nothing is stored.
 * @throws Error with its reason if it refuses one.
 */
export async function admitPods(namespace: string, objects: readonly StoredObject[]): Promise<number> {
  const pods = objects.flatMap((object) => podOf(object) ?? []);
  for (const pod of pods) {
    const args = ['create', '--dry-run=server', '--namespace', namespace, '--filename', '-'];
    await run('kubectl', args, { input: JSON.stringify(pod) });
  }
  return pods.length;
}

function podOf({ kind, metadata, spec }: StoredObject): object | undefined {
  if (!spec?.template) return undefined;
  // A StatefulSet adds these to its pods.
  const claims = (spec.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: `${claim.metadata.name}-${metadata.name}-0` },
  }));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${metadata.name}-${kind.toLowerCase()}`, labels: spec.template.metadata.labels },
    spec: { ...spec.template.spec, volumes: [...(spec.template.spec.volumes ?? []), ...claims] },
  };
}

/** Installs or upgrades a release and returns what helm says. */
export async function upgradeRelease(namespace: string, values: Values): Promise<string> {
  const args = ['upgrade', '--install', RELEASE, chart, '--namespace', namespace, '--values', '-'];
  const { code, output } = await attempt('helm', args, { input: JSON.stringify(values) });
  if (code !== 0) throw new Error(output);
  return output;
}

/** Returns the objects of the installed release as YAML. */
export function readRelease(namespace: string): Promise<string> {
  return run('helm', ['get', 'manifest', RELEASE, '--namespace', namespace]);
}

export async function uninstallRelease(namespace: string): Promise<void> {
  await run('helm', ['uninstall', RELEASE, '--namespace', namespace]);
}
