import { Hono } from 'hono';
import type { AppContext } from '../http/app-context.js';
import type { SubmitDependencies } from '../jobs/submit-job.js';
import { withQueue } from '../jobs/with-queue.js';

export interface HealthDependencies extends Pick<SubmitDependencies, 'redis' | 'queue' | 'clock' | 'model'> {
  /** True once this process was told to stop. */
  readonly isDraining: () => boolean;
}

/** `GET /health`: the process lives. `GET /health/ready`: Redis answers and a worker of this model pack lives. */
export function createHealthRoutes(deps: HealthDependencies): Hono<AppContext> {
  return new Hono<AppContext>()
    .get('/health', (context) => context.json({ status: 'ok' }))
    .get('/health/ready', async (context) => {
      const workers = await withQueue(deps.redis, () => deps.queue.countWorkers(deps.clock.now())).catch(
        () => undefined,
      );
      const redis = workers !== undefined;
      const ready = redis && workers > 0 && !deps.isDraining();
      return context.json(
        { status: ready ? 'ready' : 'not_ready', redis, workers: workers ?? 0, model: deps.model },
        ready ? 200 : 503,
      );
    });
}
