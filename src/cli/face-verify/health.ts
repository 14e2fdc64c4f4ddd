import { EXIT } from '../exit-codes.js';
import { callService, type ServiceOptions } from './call-service.js';
import { paint } from './describe-outcome.js';
import type { Output } from './run-command-line.js';

/** Prints whether the service can answer. Returns the exit status. @throws UserError if nothing answers. */
export async function showHealth(
  service: ServiceOptions,
  json: boolean,
  print: Output['print'],
): Promise<number> {
  // One try: what counts is now.
  const once = { ...service, stopping: AbortSignal.abort() };
  const [readiness, health] = await Promise.all([
    callService({ method: 'GET', path: '/health/ready' }, once),
    callService({ method: 'GET', path: '/health' }, once),
  ]);
  const isReady = readiness.status === 200;
  const warnings = Array.isArray(health.body.warnings) ? health.body.warnings : [];
  if (json) print(JSON.stringify({ ...readiness.body, warnings }));
  else {
    const { redis, workers, model } = readiness.body;
    print(isReady ? paint('green', 'ready') : paint('red', 'not ready'));
    print(`Redis: ${redis ? 'answers' : 'does not answer'}`);
    print(`Workers: ${workers}`);
    print(`Model pack: ${model}`);
    for (const warning of warnings) print(`Warning: ${warning}`);
  }
  return isReady ? 0 : EXIT.unavailable;
}
