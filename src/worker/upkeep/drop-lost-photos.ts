import { setTimeout as pause } from 'node:timers/promises';
import { STAGING_SECONDS } from '../../shared/batches/batch-store.js';
import { parseJson } from '../../shared/queue/parse-json.js';
import { readPayloads } from '../../shared/queue/read-payloads.js';
import { createUploadLedger, type Reservation } from '../../shared/uploads/upload-ledger.js';
import type { ComparisonQueue, FinishDependencies } from '../comparison/finish-job.js';

/** Time after which photos without a job still have none, ms: a batch is committed after its photos are kept. */
const SETTLING_MS = 5_000;

/**
 * Removes uploaded photos that no job needs: a program died between keeping them and adding their job, or between the end
 * of the job and their removal. Photos of jobs that are being added expire within two minutes and are left alone. Each
 * removal runs through `attempt`.
 */
export async function dropLostPhotos(
  queue: ComparisonQueue,
  deps: FinishDependencies,
  attempt: (jobId: string, work: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const suspects = new Set((await findLost(queue, deps)).map(({ uploadId }) => uploadId));
  if (suspects.size === 0) return;
  await pause(SETTLING_MS);
  const ledger = createUploadLedger(deps);
  for (const photos of await findLost(queue, deps)) {
    if (!suspects.has(photos.uploadId)) continue;
    await attempt(photos.jobId, async () => {
      await ledger.release(photos, deps.keys.photos(photos));
      deps.logger.info({ job_id: photos.jobId }, 'removed photos that a crash had left behind');
    });
  }
}

async function findLost(queue: ComparisonQueue, deps: FinishDependencies): Promise<Reservation[]> {
  const { redis, clock } = deps;
  const kept = await createUploadLedger(deps).list(clock.now() + STAGING_SECONDS * 1_000);
  const payloads = await readPayloads(
    kept.map(({ jobId }) => jobId),
    { redis, queue },
  );
  const lost: Reservation[] = [];
  for (const [place, photos] of kept.entries())
    if (await isLost(photos, payloads[place], deps)) lost.push(photos);
  return lost;
}

/** A record that cannot be read may need its photos. */
async function isLost(
  { jobId, uploadId }: Reservation,
  payload: string | null | Error | undefined,
  { batches }: FinishDependencies,
): Promise<boolean> {
  if (payload instanceof Error || payload === undefined) return false;
  const job = payload === null ? await batches.readLine(jobId) : parseJson(payload);
  if (payload !== null && (typeof job !== 'object' || job === null)) return false;
  return (job as { readonly upload_id?: string } | undefined)?.upload_id !== uploadId;
}
