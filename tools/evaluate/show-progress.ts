import { SingleBar } from 'cli-progress';

/** Shows how many photos are done. */
export interface PhotoProgress {
  /** Counts one more photo as done. */
  advance(): void;
  end(): void;
}

/** Interval between lines if the output is not a terminal, ms. */
const LINE_INTERVAL_MS = 10_000;

/** Shows a progress bar on a terminal, or a line every few seconds elsewhere, on standard error. */
export function showPhotoProgress(photos: number): PhotoProgress {
  const bar = new SingleBar({
    format: 'Photos [{bar}] {value} of {total}, {duration_formatted} elapsed, {eta_formatted} left',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    etaBuffer: 100,
    hideCursor: null,
  });
  bar.start(photos, 0);
  return { advance: () => bar.increment(), end: () => bar.stop() };
}
