import { SingleBar } from 'cli-progress';

/** Tells a person how far the photos are. */
export interface PhotoProgress {
  /** One more photo is done. */
  advance(): void;
  end(): void;
}

/** Between two lines where the output is no terminal, ms. */
const LINE_INTERVAL_MS = 10_000;

/** Shows a bar with the time left on a terminal and a line now and then elsewhere, both on standard error. */
export function showPhotoProgress(photos: number): PhotoProgress {
  const bar = new SingleBar({
    format: 'Photos [{bar}] {value} of {total}, {duration_formatted} gone, {eta_formatted} to go',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: LINE_INTERVAL_MS,
    etaBuffer: 100,
    hideCursor: null,
  });
  bar.start(photos, 0);
  return { advance: () => bar.increment(), end: () => bar.stop() };
}
