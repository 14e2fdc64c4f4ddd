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

/** Returns what has started once everything that can happen now has happened. */
const nextTurn = async (started: readonly string[]): Promise<readonly string[]> => {
  await new Promise((resolve) => setImmediate(resolve));
  return [...started];
};

describe('createComputeGate', () => {
  it('admits urgent photos first, and then the tenant that has used the least time', async () => {
    const gate = createComputeGate({ limit: 1, spareLimit: 1, costlyLimit: 1 });
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
    const gate = createComputeGate({ limit: 1, spareLimit: 1, costlyLimit: 1 });
    const failed = gate.run(batch('a'), () => Promise.reject(new Error('broken')));
    const next = gate.run(batch('a'), () => Promise.resolve('next'));

    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });

  it('never starts a task whose job was aborted, and delays nothing for it', async () => {
    const gate = createComputeGate({ limit: 1, spareLimit: 1, costlyLimit: 1 });
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

  it('starts a spare photo only when a process would be idle, and after every photo that is needed', async () => {
    const gate = createComputeGate({ limit: 2, spareLimit: 1, costlyLimit: 2 });
    const { started, task, endAll } = createTasks();
    const spare = (tenant: string): Turn => ({ ...urgent(tenant), needed: new Promise(() => undefined) });
    const all = [
      gate.run(urgent('a'), task('a1')),
      gate.run(spare('a'), task('a spare')),
      gate.run(spare('b'), task('b spare')),
    ];
    // Its place is free, but a process is not: the second place is for the photo to come.
    expect(await nextTurn(started)).toEqual(['a1']);
    all.push(gate.run(batch('c'), task('c1')), gate.run(batch('c'), task('c2')));
    await endAll();

    expect(await Promise.all(all)).toHaveLength(5);
    expect(started).toEqual(['a1', 'c1', 'c2', 'b spare', 'a spare']);
  });

  it('gives a spare photo that becomes needed the place it would have had', async () => {
    const gate = createComputeGate({ limit: 1, spareLimit: 1, costlyLimit: 1 });
    const { started, task, endAll } = createTasks();
    let need = (): void => undefined;
    const needed = new Promise<void>((resolve) => {
      need = resolve;
    });
    const all = [
      gate.run(batch('a'), task('a1')),
      gate.run({ ...batch('a'), needed }, task('a2')),
      gate.run(batch('a'), task('a3')),
    ];
    need();
    await endAll();

    await Promise.all(all);
    expect(started).toEqual(['a1', 'a2', 'a3']);
  });

  it('drops a spare photo that is given up, also after it has become needed', async () => {
    const gate = createComputeGate({ limit: 1, spareLimit: 1, costlyLimit: 1 });
    const { started, task, endAll } = createTasks();
    const first = gate.run(batch('a'), task('first'));
    const controllers = [new AbortController(), new AbortController()] as const;
    const given = controllers.map(({ signal }, index) =>
      gate.run(
        { ...batch('a', signal), needed: index ? Promise.resolve() : new Promise(() => undefined) },
        task('spare'),
      ),
    );
    await nextTurn(started);
    for (const controller of controllers) controller.abort(new Error('decided'));

    for (const photo of given) await expect(photo).rejects.toThrow('decided');
    const last = gate.run(batch('a'), task('last'));
    await endAll();
    expect([await first, await last, started]).toEqual(['first', 'last', ['first', 'last']]);
  });
});
