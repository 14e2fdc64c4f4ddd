import { setTimeout as pause } from 'node:timers/promises';
import type { Told } from './cases.js';
import { type ClientOptions, type Entry, readEnd } from './clients.js';

const WEBHOOKS_WITHIN_MS = 180_000;
const READ_WITHIN_MS = 30_000;
const AT_A_TIME = 20;

/** Reads every accepted job once more: it must be there, ended, and tell what it told before. */
export async function checkLedger(options: ClientOptions): Promise<void> {
  const left = [...options.ledger];
  const readers = Array.from({ length: AT_A_TIME }, async () => {
    for (let entry = left.pop(); entry; entry = left.pop()) await checkEntry(entry, options);
  });
  await Promise.all(readers);
}

async function checkEntry(entry: Entry, options: ClientOptions): Promise<void> {
  const { verdicts } = options.tally;
  const end = await readPatiently(entry.jobId, options);
  if (end === entry.told && end !== undefined) return;
  if (end === 'gone') verdicts.lost += 1;
  else if (end === undefined) verdicts.unended += 1;
  else verdicts.changed += 1;
  console.error('LEDGER', { ...entry, end });
}

async function readPatiently(jobId: string, options: ClientOptions): Promise<string | undefined> {
  const deadline = Date.now() + READ_WITHIN_MS;
  for (let attempt = 0; Date.now() < deadline; attempt += 1) {
    const end = await readEnd(jobId, attempt, options);
    if (end !== undefined) return end;
    await pause(200);
  }
  return undefined;
}

/** Waits for the webhook of every job that asked for one, and compares the bodies that came. */
export async function checkWebhooks(told: Told, { ledger, tally }: ClientOptions): Promise<void> {
  const jobIds = ledger.filter((entry) => entry.kind === 'webhook').map((entry) => entry.jobId);
  const deadline = Date.now() + WEBHOOKS_WITHIN_MS;
  while (Date.now() < deadline && jobIds.some((jobId) => !told.has(jobId))) await pause(500);
  for (const jobId of jobIds) {
    const bodies = told.get(jobId)?.size ?? 0;
    if (bodies === 0) tally.verdicts.webhooks_missing += 1;
    if (bodies > 1) tally.verdicts.webhooks_conflicting += 1;
    if (bodies !== 1) console.error('WEBHOOK', { jobId, bodies });
  }
}
