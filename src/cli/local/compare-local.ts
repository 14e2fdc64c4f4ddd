import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { publicFactsOf } from '../../shared/errors.js';
import { fmrAtThreshold } from '../../shared/models/calibration.js';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import { EXIT } from '../exit-codes.js';
import type { Output } from '../face-verify/run-command-line.js';
import { renderPng } from '../pictures/encode-picture.js';
import { html } from '../pictures/html.js';
import { readNamedFile } from '../read-named-file.js';
import { UserError } from '../user-error.js';
import { type ComparedPhoto, comparePhotos, type NamedPhoto } from './compare-photos.js';
import { type DecisionRule, decidePhotos, describeDecision, type PhotoDecision } from './decide-photos.js';
import { drawComparison } from './draw-comparison.js';
import { formatRate } from './format-rate.js';
import { formatTable } from './format-table.js';
import { type OpenVision, openVision } from './open-vision.js';

/** A request has three probes and a reference. */
const MOST_PHOTOS = 4;

export interface LocalComparison {
  /** Files: the probes, then the reference. */
  readonly photos: readonly string[];
  readonly fields: { readonly threshold?: number; readonly fmr?: number; readonly min_matches?: number };
  readonly pack?: string | undefined;
  /** Picture of the comparison: `.html` or `.png`. */
  readonly out?: string | undefined;
  readonly json: boolean;
}

/** All that is known about a local comparison. */
interface Compared extends DecisionRule {
  readonly photos: readonly ComparedPhoto[];
  readonly decision: PhotoDecision | undefined;
  readonly pack: string;
  /** Model pack, threshold and its FMR, for people. */
  readonly basis: string;
}

/**
 * Compares photos as the service would, with the worker's settings. Prints the result, and draws a picture if `out` names
 * one. Returns the exit status. @throws UserError for problems that the user can fix.
 */
export async function compareLocally(comparison: LocalComparison, { print, say }: Output): Promise<number> {
  requireArguments(comparison);
  const photos = await readPhotos(comparison.photos);
  const vision = await openVision(comparison.pack, say);
  try {
    const compared = await comparePhotosWith(vision, photos, comparison.fields);
    if (comparison.json) print(JSON.stringify(toJson(compared)));
    else for (const line of describe(compared)) print(line);
    if (comparison.out) {
      const { MAX_IMAGE_PIXELS: maxPixels, IMAGE_FORMATS: formats } = vision.config;
      const heading = [titleOf(compared), compared.basis] as const;
      const limits = { maxPixels, formats };
      await writePicture(comparison.out, await drawComparison(compared.photos, { heading, limits }));
      say(`Picture: ${comparison.out} (it shows people: keep it where the photos may be kept)`);
    }
    return exitCodeOf(compared);
  } finally {
    await vision.close();
  }
}

async function comparePhotosWith(
  vision: OpenVision,
  named: readonly NamedPhoto[],
  { threshold: asked, min_matches: wanted }: LocalComparison['fields'],
): Promise<Compared> {
  const threshold = asked ?? vision.config.FACE_MATCH_THRESHOLD;
  const minMatches = wanted === 2 || wanted === 3 ? wanted : vision.config.FACE_MATCH_MIN_MATCHES;
  const photos = await comparePhotos(named, { analyse: (bytes) => vision.analyse(bytes), threshold });
  const { pack } = vision.model;
  const basis = `model pack ${pack}, threshold ${threshold} (${describeFmr(vision.manifest, threshold)})`;
  const decision = decidePhotos(photos, { threshold, minMatches });
  return { photos, decision, threshold, minMatches, pack, basis };
}

function describe(compared: Compared): readonly string[] {
  const { photos, decision, basis } = compared;
  return [
    `The last photo is the reference. ${basis}`,
    ...formatTable(photos),
    ...(decision ? [`The service would answer: ${describeDecision(decision, compared)}`] : []),
  ];
}

function titleOf(compared: Compared): string {
  return compared.decision ? describeDecision(compared.decision, compared) : describeSingle(compared.photos);
}

function toJson({ photos, decision, threshold, minMatches, pack }: Compared): object {
  return {
    ...decision,
    threshold,
    min_matches: minMatches,
    pack,
    photos: photos.map(({ name, role, analysis, error, comparison }) => ({
      photo: name,
      role,
      ...(comparison
        ? { similarity: Number(comparison.similarity.toFixed(4)), matched: comparison.matched }
        : {}),
      ...(error ? publicFactsOf(error) : {}),
      ...(analysis
        ? { box: analysis.face.box, quality: analysis.quality.score, faces_found: analysis.facesFound }
        : {}),
    })),
  };
}

/** Fewer photos than a request has match if all of them do. */
function exitCodeOf({ photos, decision }: Compared): number {
  if (decision && 'code' in decision) return EXIT.couldNotTell;
  if (decision) return decision.matched ? EXIT.match : EXIT.noMatch;
  if (photos.some(({ error }) => error)) return EXIT.couldNotTell;
  return photos.every(({ role, comparison }) => role === 'reference' || comparison?.matched)
    ? EXIT.match
    : EXIT.noMatch;
}

function requireArguments({ photos, out, fields }: LocalComparison): void {
  if (photos.length < 2 || photos.length > MOST_PHOTOS)
    throw new UserError('Give two to four photos: one to three probes, then the reference.');
  if (photos.some((photo) => /^(?:https?|data):/i.test(photo)))
    throw new UserError('With --local, photos are files. Download them first.');
  if (fields.fmr !== undefined) throw new UserError('--fmr needs a service. Give --threshold with --local.');
  if (out !== undefined && !['.html', '.png'].includes(extname(out).toLowerCase()))
    throw new UserError(`--out is ${out}; it must end in .html or .png.`);
}

async function readPhotos(paths: readonly string[]): Promise<readonly NamedPhoto[]> {
  return Promise.all(paths.map(async (path) => ({ name: basename(path), bytes: await readNamedFile(path) })));
}

function describeFmr(manifest: ModelManifest | undefined, threshold: number): string {
  const calibration = manifest?.calibration ?? null;
  const fmr = fmrAtThreshold(calibration, threshold);
  if (!calibration || fmr === undefined) return 'FMR unknown';
  const pairs = calibration.non_mated_pairs?.toLocaleString('en-US') ?? 'an unknown number of';
  return `FMR at most ${formatRate(fmr)} on ${calibration.dataset}, ${pairs} non-mated pairs, ${calibration.date}`;
}

function describeSingle(photos: readonly ComparedPhoto[]): string {
  const judged = photos.filter(({ comparison }) => comparison);
  const matches = judged.filter(({ comparison }) => comparison?.matched).length;
  return judged.length === 0 ? 'Nothing could be compared' : `${matches} of ${judged.length} match`;
}

async function writePicture(path: string, svg: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (extname(path).toLowerCase() === '.png') return writeFile(path, await renderPng(svg));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex"><title>Comparison</title>
<style>:root { color-scheme: light } body { margin: 0; background: #fff } svg { max-width: 100%; min-width: 52rem; height: auto }</style></head>
<body>${{ html: svg }}</body></html>
`;
  return writeFile(path, page.html);
}
