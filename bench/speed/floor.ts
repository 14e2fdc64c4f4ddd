import { availableParallelism } from 'node:os';
import { firstLine, startScript, stopProgram } from './fleet.js';
import type { Pack } from './packs.js';

export interface FloorRequest {
  readonly photos: string;
  readonly kinds: readonly string[];
  readonly modelsDir: string;
  readonly model: string;
  readonly files: Pack['files'];
  /** Counted rounds over the photos of one kind. */
  readonly rounds: number;
  /** True: also run the models as InsightFace does, with detection always at 640 and the published recogniser. */
  readonly withPublished: boolean;
}

/**
 * Medians for one photo on one thread while the other cores do the same, ms. The floor is the work that no service can
 * avoid: decoding at the smallest scale that keeps the aligned face sharp, one coarse detection pass, one embedding. Only
 * the models' own time, without filling their inputs.
 */
export interface FloorReport {
  readonly floorMs: number;
  readonly decodeMs: number;
  readonly detectMs: number;
  readonly embedMs: number;
  /** The whole pipeline, from bytes to embedding. */
  readonly pipelineMs: number;
  readonly fullDecodeMs: number;
  /** Detection at 640 and the unchanged recogniser, as in the Python service. */
  readonly publishedDetectMs?: number;
  readonly publishedEmbedMs?: number;
  /** `step_decode`, …: the steps of the pipeline. */
  readonly [step: `step_${string}`]: number;
}

/**
 * Measures on every core at once, each in a process of its own, and returns the means: what the cores share, from memory
 * to clock, they share in service as well, so what one core does while the others idle is no floor.
 */
export async function measureFloor(request: FloorRequest): Promise<Readonly<Record<string, FloorReport>>> {
  const cores = Array.from({ length: availableParallelism() }, (_, core) => String(core));
  const reports = await Promise.all(cores.map((core) => measureOn(core, request)));
  return Object.fromEntries(
    request.kinds.map((kind) => [kind, meanOf(reports.flatMap((report) => report[kind] ?? []))]),
  );
}

async function measureOn(core: string, request: FloorRequest): Promise<Record<string, FloorReport>> {
  const script = startScript('floor-process.ts', [JSON.stringify(request)], core);
  try {
    return JSON.parse(await firstLine(script)) as Record<string, FloorReport>;
  } finally {
    await stopProgram(script);
  }
}

function meanOf(reports: readonly FloorReport[]): FloorReport {
  const [first] = reports;
  if (!first) throw new Error('this is a bug: no floor was measured');
  const mean = (name: string) =>
    reports.reduce((sum, report) => sum + (report[name as keyof FloorReport] ?? 0), 0) / reports.length;
  return Object.fromEntries(Object.keys(first).map((name) => [name, mean(name)])) as unknown as FloorReport;
}
