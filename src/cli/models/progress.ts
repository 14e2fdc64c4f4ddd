import { SingleBar } from 'cli-progress';

/** Tells a person how far a transfer is. */
export interface Progress {
  /** `bytes`: how many are there by now, those of an earlier run included. */
  update(bytes: number): void;
  end(): void;
}

/** Starts to show the progress of a transfer of `totalBytes`. */
export type ShowProgress = (label: string, totalBytes: number) => Progress;

const MEGABYTE = 1_000_000;
/** Between two lines where the output is no terminal, ms. */
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

/** Returns a size as people read it: `288.6 MB`. */
export function formatMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
