import { describe, expect, it } from 'vitest';
import { createComputeGate, type Turn } from '../../../../src/worker/tenant-shares/compute-gate.js';

const never = new AbortController().signal;
const batch = (tenant: string, signal = never): Turn => ({ tenant, urgent: false, signal });
const urgent = (tenant: string): Turn => ({ tenant, urgent: true, signal: never });

/** A task that ends on request, and notes its start. */
function createTasks() {
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const task = (name: string) => () =>
    new Promise<string>((resolve) => {
      started.push(name);
      ends.push(() => resolve(name));
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const endAll = async (): Promise<void> => {
    await settle();
    for (let end = ends.shift(); end; end = ends.shift()) {
      end();
      await settle();
    }
  };
  return { started, task, endAll };
}

describe('createComputeGate', () => {
  it('admits urgent photos first, and then the tenant that has used the least time', async () => {
    const gate = createComputeGate({ limit: 1, costlyLimit: 1 });
    const { started, task, endAll } = createTasks();
    const all = [
      gate.run(batch('a'), task('a1')),
      gate.run(batch('a'), task('a2')),
      gate.run(batch('a'), task('a3')),
      gate.run(batch('b'), task('b1')),
      gate.run(urgent('c'), task('c1')),
      gate.run(urgent('c'), task('c2')),
      gate.run(urgent('d'), task('d1')),
    ];
    await endAll();

    expect(await Promise.all(all)).toHaveLength(7);
    expect(started).toEqual(['a1', 'c1', 'd1', 'c2', 'b1', 'a2', 'a3']);
  });

  it('continues after a task that fails', async () => {
    const gate = createComputeGate({ limit: 1, costlyLimit: 1 });
    const failed = gate.run(batch('a'), () => Promise.reject(new Error('broken')));
    const next = gate.run(batch('a'), () => Promise.resolve('next'));

    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });

  it('never starts a task whose job was aborted, and delays nothing for it', async () => {
    const gate = createComputeGate({ limit: 1, costlyLimit: 1 });
    const { started, task, endAll } = createTasks();
    const controller = new AbortController();
    const first = gate.run(batch('a'), task('first'));
    const given = gate.run(batch('a', controller.signal), task('given up'));
    const last = gate.run(batch('a'), task('last'));

    controller.abort(new Error('cancelled'));
    await expect(given).rejects.toThrow('cancelled');
    await endAll();

    expect([await first, await last, started]).toEqual(['first', 'last', ['first', 'last']]);
  });
});
