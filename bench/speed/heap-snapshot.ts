import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Node arguments that make a program write its heap into `folder` when `readHeap` requests it. */
export const heapArguments = (folder: string): string[] => [
  '--heapsnapshot-signal=SIGUSR2',
  `--diagnostic-dir=${folder}`,
];

/** Live objects of a heap after a full collection: bytes by kind and class. */
export type Heap = ReadonlyMap<string, number>;

const WRITE_LIMIT_MS = 60_000;

/** The parts of V8's heap snapshot used here. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly unknown[] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** Makes the process write its heap into its folder and reads it. This blocks the process for about a second. */
export async function readHeap(pid: number, folder: string): Promise<Heap> {
  process.kill(pid, 'SIGUSR2');
  const end = performance.now() + WRITE_LIMIT_MS;
  while (performance.now() < end) {
    await delay(500);
    const name = readdirSync(folder).find((file) => file.split('.')[3] === String(pid));
    if (name === undefined) continue;
    const snapshot = parseWritten(join(folder, name));
    if (snapshot === undefined) continue;
    rmSync(join(folder, name));
    return sumByClass(snapshot);
  }
  throw new Error(`process ${pid} wrote no heap within ${WRITE_LIMIT_MS / 1_000} s`);
}

export const heapBytes = (heap: Heap): number => [...heap.values()].reduce((sum, bytes) => sum + bytes, 0);

/** Returns the classes with the largest growth in bytes, largest first. */
export function listGrowth(before: Heap, after: Heap): [string, number][] {
  return [...after]
    .map(([name, bytes]): [string, number] => [name, bytes - (before.get(name) ?? 0)])
    .sort(([, one], [, other]) => other - one);
}

function sumByClass({ snapshot, nodes, strings }: Snapshot): Heap {
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type = 0, name = 0, size = 0] = ['type', 'name', 'self_size'].map((field) => fields.indexOf(field));
  const kinds = types[0] as readonly string[];
  const sums = new Map<string, number>();
  for (let at = 0; at < nodes.length; at += fields.length) {
    const kind = kinds[nodes[at + type] ?? 0] ?? '';
    // The name of a string is its text.
    const label = kind === 'object' ? `object ${strings[nodes[at + name] ?? 0]}` : kind;
    sums.set(label, (sums.get(label) ?? 0) + (nodes[at + size] ?? 0));
  }
  return sums;
}

/** Undefined until the file is complete. */
function parseWritten(path: string): Snapshot | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Snapshot;
  } catch {
    return undefined;
  }
}
