import { z } from 'zod';
import type { KubernetesObject } from './render-chart.js';

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).default([]),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.looseObject({ memory: z.string() }),
  }),
});

/** The kinds of volumes that the restricted Pod Security Standard allows, as far as the chart uses them. */
const volume = z.union([
  z.strictObject({ name: z.string(), emptyDir: z.looseObject({ sizeLimit: z.string() }) }),
  z.strictObject({ name: z.string(), persistentVolumeClaim: z.looseObject({ claimName: z.string() }) }),
  z.strictObject({ name: z.string(), image: z.looseObject({ reference: z.string() }) }),
  z.strictObject({
    name: z.string(),
    projected: z.strictObject({
      defaultMode: z.literal(0o440),
      sources: z.array(
        z.strictObject({
          secret: z.strictObject({
            name: z.string(),
            items: z.array(z.strictObject({ key: z.string(), path: z.string() })),
          }),
        }),
      ),
    }),
  }),
]);

/** A pod of the restricted Pod Security Standard, and stricter: no root group, no token, a read-only root. */
const podSpec = z.looseObject({
  automountServiceAccountToken: z.literal(false),
  // Links to a service called `worker` would set WORKER_PORT.
  enableServiceLinks: z.literal(false),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.int().positive(),
    runAsGroup: z.int().positive(),
    fsGroup: z.int().positive(),
    fsGroupChangePolicy: z.literal('OnRootMismatch'),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  volumes: z.array(volume),
  initContainers: z.array(container).default([]),
  containers: z.array(container).length(1),
});

export interface Program {
  /** Of the Deployment, StatefulSet or Job. */
  readonly name: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: z.infer<typeof podSpec>;
  /** The container that stays. */
  readonly main: z.infer<typeof container>;
  /** Environment of that container. */
  readonly env: Readonly<Record<string, string>>;
}

/** Returns what runs pods. @throws ZodError if a pod is not as restricted as it must be. */
export function programsOf(objects: readonly KubernetesObject[]): readonly Program[] {
  return objects
    .filter(({ spec }) => spec?.template)
    .map(({ kind, metadata, spec }) => {
      const pod = podSpec.parse(spec.template.spec);
      const [main] = pod.containers;
      if (!main) throw new Error(`${metadata.name} has no container`);
      const env = Object.fromEntries(main.env.map(({ name, value }) => [name, value]));
      return { name: metadata.name, kind, labels: spec.template.metadata.labels, pod, main, env };
    });
}

/** Returns the variables that a pod gets as files. */
export function secretsOf({ pod }: Program): readonly string[] {
  return pod.volumes.flatMap((each) =>
    'projected' in each
      ? each.projected.sources.flatMap(({ secret }) => secret.items.map(({ path }) => path))
      : [],
  );
}
