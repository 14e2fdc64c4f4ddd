import { type Agreement, type AnswerPair, VERDICTS } from './agreement.js';
import type { Answer } from './ask-service.js';

const WIDTH = 16;

/** Returns the report as lines of text. It names requests by their line and holds nothing of their content. */
export function formatAgreement(agreement: Agreement, total: number): readonly string[] {
  const { counts, same, contradictions, undecided, failed, medianMs } = agreement;
  const share = total === 0 ? '-' : `${((100 * same) / total).toFixed(1)} %`;
  return [
    `${total} requests, the same answer to ${same} (${share})`,
    '',
    ['new \\ old', ...VERDICTS].map(pad).join('').trimEnd(),
    ...VERDICTS.map((row) =>
      [row, ...VERDICTS.map((column) => String(counts[row][column]))].map(pad).join('').trimEnd(),
    ),
    '',
    `Median time of an answer: old ${formatMs(medianMs.old)}, new ${formatMs(medianMs.new)}`,
    ...section('Contradictions: one says matched, the other not matched', contradictions),
    ...section('Only one could tell', undecided),
    ...section('No usable answer', failed),
  ];
}

const pad = (text: string): string => text.padEnd(WIDTH);

function formatMs(ms: number): string {
  return Number.isNaN(ms) ? 'none' : `${Math.round(ms)} ms`;
}

function section(title: string, pairs: readonly AnswerPair[]): readonly string[] {
  if (pairs.length === 0) return [];
  const lines = pairs.map(
    ({ line, old, new: current }) => `  line ${line}: old ${describe(old)}; new ${describe(current)}`,
  );
  return ['', `${title} (${pairs.length})`, ...lines];
}

function describe({ verdict, cause }: Answer): string {
  return cause === undefined ? verdict : `${verdict} (${cause})`;
}
