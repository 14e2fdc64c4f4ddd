import { SingleBar } from 'cli-progress';

/** Shows the progress of a transfer. */
export interface Progress {
  /** `bytes`: transferred so far, including those of an earlier run. */
  update(bytes: number): void;
  end(): void;
}

/** Starts to show the progress of a transfer of `totalBytes`. */
export type ShowProgress = (label: string, totalBytes: number) => Progress;

const MEGABYTE = 1_000_000;
/** Interval between lines if the output is not a terminal, ms. */
const LINE_INTERVAL_MS = 5_000;

/** Shows a bar on a terminal and a line every few seconds elsewhere, both on standard error. */
export function showProgress(label: string, totalBytes: number): Progress {
  const bar = new SingleBar({
    format: `  ${label} [{bar}] {percentage} % of ${formatMegabytes(totalBytes)}`,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    hideCursor: null,
  });
  bar.start(totalBytes, 0);
  return { update: (bytes) => bar.update(bytes), end: () => bar.stop() };
}

/** Formats a size: `288.6 MB`. */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
