import { firstLine, startScript, stopProgram } from './fleet.js';
import type { Pack } from './packs.js';

export interface FloorRequest {
  readonly photos: string;
  readonly kinds: readonly string[];
  readonly modelsDir: string;
  readonly model: string;
  readonly files: Pack['files'];
  /** Counted rounds over the photos of a kind. */
  readonly rounds: number;
  /** Also run detection as InsightFace does, always at 640. */
  readonly withPublished: boolean;
}

/**
 * Medians for one photo on one thread with nothing else running, ms. The floor is what no service can avoid: decoding
 * at the least scale that keeps the aligned face sharp, one small look of the detector, one embedding; the models' own
 * time, without the work of filling their inputs.
 */
export interface FloorReport {
  readonly floorMs: number;
  readonly decodeMs: number;
  readonly detectMs: number;
  readonly embedMs: number;
  /** Everything the service does with a photo from bytes to embedding. */
  readonly pipelineMs: number;
  readonly fullDecodeMs: number;
  readonly publishedDetectMs?: number;
  /** `step_decode`, …: the pipeline's own steps. */
  readonly [step: `step_${string}`]: number;
}

/** Measures in a process of its own, so that nothing of this one's can disturb. */
export async function measureFloor(
  request: FloorRequest,
  cpus?: string,
): Promise<Readonly<Record<string, FloorReport>>> {
  const script = startScript('floor-process.ts', [JSON.stringify(request)], cpus);
  try {
    return JSON.parse(await firstLine(script)) as Record<string, FloorReport>;
  } finally {
    await stopProgram(script);
  }
}
