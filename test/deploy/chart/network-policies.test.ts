import { describe, expect, it } from 'vitest';
import { programsOf } from './support/programs-of.js';
import { type KubernetesObject, NAMESPACE, render, type Values } from './support/render-chart.js';
import { BUNDLED, EXTERNAL, FULL, withSetting } from './support/values.js';

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}
interface Rule {
  readonly ports: readonly { readonly port: number }[];
  readonly to?: readonly Peer[];
  readonly from?: readonly Peer[];
}

const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));

/** The rules of every policy that selects a pod; throws for a pod that no policy restricts in both directions. */
function rulesOf(objects: readonly KubernetesObject[], labels: Labels) {
  const policies = objects.filter(
    ({ kind, spec }) => kind === 'NetworkPolicy' && selects(spec.podSelector, labels),
  );
  expect(policies.some(({ spec }) => spec.policyTypes.join() === 'Ingress,Egress')).toBe(true);
  return {
    ingress: policies.flatMap(({ spec }) => (spec.ingress ?? []) as Rule[]),
    egress: policies.flatMap(({ spec }) => (spec.egress ?? []) as Rule[]),
  };
}

/** What a pod can reach or be reached from, as `peer:port`, sorted. */
function describeRules(rules: readonly Rule[]): string[] {
  return rules
    .flatMap((rule) => {
      // An empty list would allow everybody.
      const peers = rule.to ?? rule.from ?? [];
      expect(peers.length).toBeGreaterThan(0);
      return peers.flatMap((peer) => rule.ports.map(({ port }) => `${describePeer(peer)}:${port}`));
    })
    .filter((text, index, all) => all.indexOf(text) === index)
    .toSorted();
}

function describePeer({ podSelector, namespaceSelector, ipBlock }: Peer): string {
  if (ipBlock) return ipBlock.cidr;
  if (namespaceSelector) return `namespace ${namespaceSelector.matchLabels?.['kubernetes.io/metadata.name']}`;
  const names = podSelector?.matchExpressions?.[0]?.values.join('+');
  return names ?? podSelector?.matchLabels?.['app.kubernetes.io/component'] ?? `every pod of ${NAMESPACE}`;
}

function reachOf(values: Values, component: string) {
  const objects = render(values);
  const labels = programsOf(objects).find(
    (each) => each.labels['app.kubernetes.io/component'] === component,
  )?.labels;
  const { ingress, egress } = rulesOf(objects, labels ?? {});
  return { from: describeRules(ingress), to: describeRules(egress) };
}

const DNS = 'namespace kube-system:53';

describe('the network policies', () => {
  it('let the API reach Redis and name servers, and be reached by callers and Prometheus', () => {
    expect(reachOf(BUNDLED, 'api')).toEqual({
      from: ['every pod of faces:8333', 'namespace monitoring:8334', 'namespace monitoring:8335'],
      to: [DNS, 'redis:6379'],
    });
  });

  it('let workers reach public addresses besides, on the ports that the service allows', () => {
    expect(reachOf(FULL, 'worker')).toEqual({
      from: ['namespace monitoring:8334', 'namespace monitoring:8335'],
      to: [
        ...['0.0.0.0/0:443', '0.0.0.0/0:80', '0.0.0.0/0:8443', '0.0.0.0/0:9000'],
        ...['10.1.2.0/24:26379', '10.1.2.0/24:6380'],
        ...['2000::/3:443', '2000::/3:80', '2000::/3:8443', '2000::/3:9000'],
        DNS,
      ].toSorted(),
    });
  });

  it('let the Job that downloads models reach public addresses, and not Redis', () => {
    const { from, to } = reachOf(FULL, 'models');

    expect(from).toEqual([]);
    expect(to).toContain('0.0.0.0/0:443');
    expect(to.join()).not.toContain('10.1.2.0/24');
  });

  it('let API and workers reach the Redis of the chart, which reaches nothing', () => {
    expect(reachOf(BUNDLED, 'redis')).toEqual({ from: ['api+worker:6379'], to: [] });
  });

  it('allow what values add, and nobody if values name nobody', () => {
    const store = [{ to: [{ ipBlock: { cidr: '10.9.0.1/32' } }], ports: [{ port: 9000 }] }];
    const closed = withSetting(
      withSetting(EXTERNAL, 'networkPolicy.metrics.from', []),
      'networkPolicy.api.from',
      [],
    );

    expect(reachOf(withSetting(EXTERNAL, 'networkPolicy.worker.egress', store), 'worker').to).toContain(
      '10.9.0.1/32:9000',
    );
    expect(reachOf(closed, 'api').from).toEqual([]);
    expect(reachOf(closed, 'worker').from).toEqual([]);
  });
});
