/** Between two lines that say that a step still runs, ms. */
const INTERVAL_MS = 60_000;

type Outcome = 'ok' | 'skipped' | 'failed';

interface Step {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** What was found, or why it was skipped. */
  readonly note: string;
}

/** Thrown by a step that this machine does not allow; the message is the reason. */
export class Skipped extends Error {
  override name = 'Skipped';
}

/** What a run did, for its last lines. */
export class Report {
  readonly #steps: Step[] = [];

  get failed(): boolean {
    return this.#steps.some(({ outcome }) => outcome === 'failed');
  }

  /** Runs one step, measures it and returns its result; undefined if it was skipped or failed. `work` returns [result, note]. */
  async step<T>(name: string, work: () => Promise<readonly [T, string?]>): Promise<T | undefined> {
    const startedAt = performance.now();
    const end = (outcome: Outcome, note: string): void => {
      const seconds = (performance.now() - startedAt) / 1_000;
      this.#steps.push({ name, outcome, seconds, note });
      console.log(`  ${outcome} after ${seconds.toFixed(1)} s${note ? `: ${note}` : ''}`);
    };
    console.log(`\n== ${name}`);
    const timer = setInterval(() => {
      console.log(`  still running after ${Math.round((performance.now() - startedAt) / 1_000)} s`);
    }, INTERVAL_MS);
    try {
      const [result, note = ''] = await work();
      end('ok', note);
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      end(error instanceof Skipped ? 'skipped' : 'failed', message);
      return undefined;
    } finally {
      clearInterval(timer);
    }
  }

  /** Returns a table of the steps with their first line of note. */
  toString(): string {
    const rows = this.#steps.map(({ name, outcome, seconds, note }) =>
      [outcome.padEnd(8), `${seconds.toFixed(1)} s`.padStart(9), ` ${name}`, firstLine(note)].join(' '),
    );
    const total = this.#steps.reduce((sum, { seconds }) => sum + seconds, 0);
    return [...rows, `${''.padEnd(8)} ${`${total.toFixed(1)} s`.padStart(9)}  all steps`].join('\n');
  }
}

function firstLine(note: string): string {
  const [first = ''] = note.split('\n');
  return first && `(${first})`;
}
