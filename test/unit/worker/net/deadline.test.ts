import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isTimeout, startDeadline } from '../../../../src/worker/net/deadline.js';

describe('a deadline', () => {
  it('leaves no listener on the caller’s signal once it has ended', () => {
    const { signal } = new AbortController();
    const deadline = startDeadline(60_000, signal);
    const during = getEventListeners(signal, 'abort').length;

    deadline.end();

    expect([during, getEventListeners(signal, 'abort').length]).toEqual([1, 0]);
  });

  it('does not fire after it has ended', async () => {
    const ended = startDeadline(1);
    const later = startDeadline(10);
    ended.end();

    await new Promise((resolve) => later.signal.addEventListener('abort', resolve));

    expect(ended.signal.aborted).toBe(false);
  });

  it('aborts with a plain timeout when its time is over', async () => {
    const { signal } = startDeadline(1);

    await new Promise((resolve) => signal.addEventListener('abort', resolve));

    expect(isTimeout(signal.reason)).toBe(true);
    expect(isTimeout(new Error('gone'))).toBe(false);
  });

  it('takes over the reason of a signal that has fired before', () => {
    const reason = new Error('gone');
    const deadline = startDeadline(60_000, AbortSignal.abort(reason));
    deadline.end();

    expect(deadline.signal.reason).toBe(reason);
  });
});
