import { createMinHeap } from './min-heap.js';

/** The waiting jobs in the order of src/shared/queue/fair-queue.ts: tenants take turns. */
export interface FairOrder<T> {
  readonly size: number;
  enter(tenant: string, job: T): void;
  /** Removes the job whose turn it is. */
  take(): T | undefined;
}

/** Returns an empty order. The n-th waiting job of a tenant has the priority `round + n`; a start moves the round on. */
export function createFairOrder<T>(): FairOrder<T> {
  const waiting = createMinHeap<{ readonly tenant: string; readonly job: T }>();
  const rows = new Map<string, number>();
  let round = 0;
  return {
    get size() {
      return waiting.size;
    },
    enter: (tenant, job) => {
      const inRow = (rows.get(tenant) ?? 0) + 1;
      rows.set(tenant, inRow);
      waiting.push(round + inRow, { tenant, job });
    },
    take: () => {
      const next = waiting.pop();
      if (!next) return undefined;
      const { tenant, job } = next.value;
      rows.set(tenant, (rows.get(tenant) ?? 1) - 1);
      round = Math.max(round, next.key);
      return job;
    },
  };
}
