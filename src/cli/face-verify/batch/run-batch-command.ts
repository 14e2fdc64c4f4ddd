import { SingleBar } from 'cli-progress';
import { wholeNumber } from '../../../shared/config/number-text.js';
import { EXIT } from '../../exit-codes.js';
import { UserError } from '../../user-error.js';
import { readComparisonFields, readNumber, readServiceOptions, text } from '../options.js';
import { exitCodeOf } from '../outcome.js';
import type { Arguments, Output } from '../run-command-line.js';
import { readPeople } from './read-people.js';
import { openResultsFile, type ResultRow } from './results-file.js';
import { runBatch } from './run-batch.js';

/** Interval between lines of progress if the output is not a terminal, ms. */
const LINE_INTERVAL_MS = 10_000;

/**
 * Answers the rows of a CSV file that have no final answer yet. Returns the exit status.
 * @throws UserError
 */
export async function runBatchCommand(args: Arguments, { print, say }: Output): Promise<number> {
  const path = String(args.file);
  const out = text(args.out) ?? `${path.replace(/\.csv$/i, '')}.results.csv`;
  const service = readServiceOptions(args);
  const concurrency = readNumber('concurrency', args.concurrency, wholeNumber(1, 256)) ?? 1;
  const people = await readPeople(path, readComparisonFields(args));
  const ids = people.map(({ id }) => id);
  const results = openResultsFile(out, { ids, restart: args.restart === true });
  const interrupts = watchInterrupts(say);
  const open = people.filter(({ id }) => !isFinal(results.answers.get(id)));
  const earlier = people.length - open.length;
  if (earlier > 0) say(`${earlier} of ${people.length} rows have an answer in ${out}.`);
  const bar = showProgress(people.length, earlier);
  let failure: unknown;
  try {
    await runBatch(open, {
      service: { ...service, signal: interrupts.now.signal },
      concurrency,
      results,
      stopping: interrupts.stopping,
      onAnswer: () => bar.increment(),
    });
  } catch (error) {
    failure = error;
  } finally {
    bar.stop();
    interrupts.end();
    results.sort(ids);
    results.close();
  }
  const rows = ids.flatMap((id) => results.answers.get(id) ?? []);
  const summary = summarise(rows, people.length);
  print(args.json ? JSON.stringify({ ...summary, results: out }) : describe(summary, out));
  if (failure !== undefined && !interrupts.now.signal.aborted) throw failure;
  if (interrupts.stopping.signal.aborted) {
    say('The same command continues with the other rows.');
    return EXIT.interrupted;
  }
  return exitCodeOfRows(rows);
}

/** Rows that failed for a passing reason run again. */
function isFinal(row: ResultRow | undefined): boolean {
  return row !== undefined && row.retryable !== 'true';
}

/** The first Ctrl-C stops after the running rows, the second at once. */
function watchInterrupts(say: Output['say']) {
  const stopping = new AbortController();
  const now = new AbortController();
  const interrupt = (): void => {
    if (stopping.signal.aborted) {
      now.abort(new UserError('Stopped.', { exitCode: EXIT.interrupted }));
      return;
    }
    stopping.abort();
    say('\nStopping when the running rows are answered. Press Ctrl-C again to stop at once.');
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const end = (): void => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return { stopping, now, end };
}

/** Shows a bar on a terminal and a line every few seconds elsewhere, both on standard error. */
function showProgress(total: number, done: number): SingleBar {
  const bar = new SingleBar({
    format: 'Rows [{bar}] {value} of {total}, {duration_formatted} elapsed, {eta_formatted} left',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    etaBuffer: 100,
    hideCursor: null,
  });
  bar.start(total, done);
  return bar;
}

function summarise(rows: readonly ResultRow[], total: number) {
  const count = (isCounted: (row: ResultRow) => boolean): number => rows.filter(isCounted).length;
  return {
    rows: total,
    match: count((row) => statusOf(row) === EXIT.match),
    no_match: count((row) => statusOf(row) === EXIT.noMatch),
    could_not_tell: count((row) => statusOf(row) === EXIT.couldNotTell),
    failed: count((row) => statusOf(row) >= EXIT.usage),
    unanswered: total - rows.length,
  };
}

function describe(summary: ReturnType<typeof summarise>, out: string): string {
  const { rows, ...counts } = summary;
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name.replaceAll('_', ' ')}`);
  return `${rows} ${rows === 1 ? 'row' : 'rows'}: ${parts.join(', ')}. Results: ${out}`;
}

/** Returns the exit status that the answer to a row alone would have. */
function statusOf({ matched, code, detail, retryable }: ResultRow): number {
  if (matched === '') return exitCodeOf({ problem: { code, detail, retryable: retryable === 'true' } });
  return matched === 'true' ? EXIT.match : EXIT.noMatch;
}

/** 0 if every row is decided, 2 if some could not be, and the status of the first one that failed otherwise. */
function exitCodeOfRows(rows: readonly ResultRow[]): number {
  const failed = rows.map(statusOf).find((status) => status >= EXIT.usage);
  if (failed !== undefined) return failed;
  return rows.some((row) => row.matched === '') ? EXIT.couldNotTell : 0;
}
