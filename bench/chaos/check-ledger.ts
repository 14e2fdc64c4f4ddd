import { setTimeout as pause } from 'node:timers/promises';
import { type ClientOptions, type Entry, GONE, readEnd } from './clients.js';
import type { Receiver } from './receiver.js';

/** Past the second pause of the schedule, which a webhook gets to when both attempts met an outage, ms. */
const WEBHOOKS_WITHIN_MS = 6 * 60_000;
const READ_WITHIN_MS = 30_000;
const AT_A_TIME = 20;

/** Reads every accepted job again: it must exist, have ended, and have the same outcome as before. */
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
  if (end === GONE) verdicts.lost += 1;
  else if (end === undefined || entry.told === undefined) verdicts.unended += 1;
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

/** Waits for every requested webhook and compares it with the known outcome. */
export async function checkWebhooks({ told }: Receiver, { ledger, tally }: ClientOptions): Promise<void> {
  const entries = ledger.filter((entry) => entry.kind === 'webhook');
  const deadline = Date.now() + WEBHOOKS_WITHIN_MS;
  const isTaken = ({ jobId }: Entry): boolean => (told.get(jobId)?.taken ?? 0) > 0;
  while (Date.now() < deadline && !entries.every(isTaken)) await pause(500);
  for (const entry of entries) {
    const heard = told.get(entry.jobId);
    const isMissing = !isTaken(entry);
    const isConflicting = heard !== undefined && (heard.bodies.size > 1 || heard.ids.size > 1);
    const isWrong = heard !== undefined && heard.end !== entry.case.expected;
    if (isMissing) tally.verdicts.webhooks_missing += 1;
    if (isConflicting) tally.verdicts.webhooks_conflicting += 1;
    if (isWrong) tally.verdicts.webhooks_wrong += 1;
    if (isMissing || isConflicting || isWrong) console.error('WEBHOOK', { ...entry, heard });
  }
}
