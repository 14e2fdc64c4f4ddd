import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createStepTimer } from '../../../../src/worker/vision/step-timer.js';

it('counts a step within another only for itself, also if it fails', async () => {
  const timer = createStepTimer();
  const startedAt = performance.now();

  await timer.measure('outer', async () => {
    await timer.measure('inner', () => pause(30));
    await timer.measure('inner', () => Promise.reject(new Error())).catch(() => undefined);
    await pause(10);
  });
  await timer.measure('outer', () => undefined);

  const { inner = 0, outer = 0 } = timer.timingsMs;
  expect(inner).toBeGreaterThanOrEqual(29);
  expect(outer).toBeGreaterThanOrEqual(9);
  expect(inner + outer).toBeLessThanOrEqual(performance.now() - startedAt);
});
