import { setTimeout as pause } from 'node:timers/promises';
import { createGun, fireOpen, type Shot } from '../speed/load.js';
import { comparisonBody } from '../speed/make-photos.js';
import { type Summary, summarise } from '../speed/statistics.js';
import { ATTACKS, type Attack } from './attacks.js';
import {
  type IsolationRange,
  makeIsolationPhotos,
  openRange,
  PHOTO_NAME,
  QUIET,
  removePhotos,
} from './isolation-range.js';

/** Effect of an attack on a quiet tenant. Times in ms. */
export interface IsolationRow {
  readonly attack: string;
  /** Time to the answer, or to the webhook if the attack targets webhooks. */
  readonly measured: Attack['quietBy'];
  readonly quiet: Summary;
  readonly attacked: Summary;
  /** p95 under attack / quiet p95. */
  readonly ratio: number;
  /** Requests of the quiet tenant without an answer of 200, or without a webhook, under attack. */
  readonly failures: number;
  /** Answers by status; 0: no answer. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface IsolationSetting {
  /** Counted seconds of each measurement. */
  readonly seconds: number;
  /** Only attacks whose name contains this. */
  readonly only?: string | undefined;
  readonly print: (line: string) => void;
}

/** Requests of the quiet tenant per second. */
const QUIET_PER_SECOND = 1.5;
const WARM_UP_SECONDS = 3;
/** Time for an attack to build up before counting starts, ms. */
const BUILD_UP_MS = 4_000;
const WEBHOOK_LIMIT_MS = 60_000;

/** Measures each attack on a new service: the quiet tenant first alone, then under attack. */
export async function measureIsolation(setting: IsolationSetting): Promise<readonly IsolationRow[]> {
  const photos = await makeIsolationPhotos();
  const rows: IsolationRow[] = [];
  try {
    for (const attack of ATTACKS) {
      if (setting.only !== undefined && !attack.name.includes(setting.only)) continue;
      const range = await openRange(photos);
      try {
        const row = await measureAttack(range, attack, setting.seconds);
        rows.push(row);
        setting.print(printIsolation([row]).at(-1) ?? '');
      } finally {
        await range.stop();
      }
    }
  } finally {
    removePhotos(photos);
  }
  return rows;
}

async function measureAttack(range: IsolationRange, attack: Attack, seconds: number): Promise<IsolationRow> {
  const measure = attack.quietBy === 'answer' ? measureAnswers : measureWebhooks;
  await measure(range, WARM_UP_SECONDS);
  const quiet = await measure(range, seconds);
  const failed = quiet.find(({ ok }) => !ok);
  if (failed) throw new Error(`the quiet tenant alone got ${failed.status}`);
  const stop = attack.start(range);
  await pause(BUILD_UP_MS);
  const attacked = await measure(range, seconds);
  await stop();
  const served = (measured: readonly Measured[]) => summarise(measured.map(({ ms }) => ms));
  const [before, during] = [served(quiet), served(attacked)];
  const statuses: Record<string, number> = {};
  for (const { status } of attacked) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    attack: attack.name,
    measured: attack.quietBy,
    quiet: before,
    attacked: during,
    ratio: during.p95 / before.p95,
    failures: attacked.filter(({ ok }) => !ok).length,
    statuses,
  };
}

interface Measured {
  readonly ms: number;
  readonly ok: boolean;
  readonly status: number;
}

const LOAD = { perSecond: QUIET_PER_SECOND, arrivals: 'even' } as const;

const photoOrigin = ({ fleet }: IsolationRange): string => fleet.photoOrigin.replace('127.0.0.1', PHOTO_NAME);

async function measureAnswers(range: IsolationRange, seconds: number): Promise<Measured[]> {
  const gun = createGun({
    origin: range.fleet.origin,
    headers: QUIET,
    body: (index) => comparisonBody('0.3mp', photoOrigin(range), index),
  });
  const shots = await fireOpen(gun, { ...LOAD, seconds });
  await gun.close();
  return shots.map((shot) => ({ ms: msOf(shot), ok: shot.status === 200, status: shot.status }));
}

/** Measures how long webhooks to a working receiver take. */
async function measureWebhooks(range: IsolationRange, seconds: number): Promise<Measured[]> {
  const run = `/run-${performance.now().toFixed(0)}`;
  const gun = createGun({
    origin: range.fleet.origin,
    path: '/jobs',
    headers: QUIET,
    body: (index) => {
      const body = JSON.parse(comparisonBody('0.3mp', photoOrigin(range), index)) as object;
      return JSON.stringify({ ...body, callback_url: `${range.receiver.origin}${run}/${index}` });
    },
  });
  const shots = await fireOpen(gun, { ...LOAD, seconds });
  await gun.close();
  const wait = async (shot: Shot, index: number): Promise<Measured> => {
    const { status } = shot;
    if (status !== 202) return { ms: msOf(shot), ok: false, status };
    const received = await range.receiver.waitFor(`${run}/${index}`, 1, WEBHOOK_LIMIT_MS).catch(() => []);
    const at = (received[0]?.receivedAt ?? Number.NaN) - performance.timeOrigin - shot.intendedAt;
    return received.length > 0 ? { ms: at, ok: true, status } : { ms: WEBHOOK_LIMIT_MS, ok: false, status };
  };
  return Promise.all(shots.map(wait));
}

const msOf = ({ intendedAt, endedAt }: Shot): number => endedAt - intendedAt;

/** Returns the rows as a table. */
export function printIsolation(rows: readonly IsolationRow[]): string[] {
  const whole = (ms: number) => ms.toFixed(0);
  return [
    '| one tenant sends | the other: quiet p50, p95 (ms) | p95 beside it | ratio | failures |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ attack, measured, quiet, attacked, ratio, failures, statuses }) =>
        `| ${attack}${measured === 'webhook' ? ' (time to its webhook)' : ''} | ${whole(quiet.p50)}, ${whole(quiet.p95)} ` +
        `| ${whole(attacked.p95)} | ${ratio.toFixed(1)} | ${failures} of ${attacked.count}` +
        `${failures > 0 ? ` (${JSON.stringify(statuses)})` : ''} |`,
    ),
  ];
}
