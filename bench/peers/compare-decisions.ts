import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';

/** Two photos of FACE_PHOTO_SET, and whether they show one person. */
interface PhotoPair {
  readonly probe: string;
  readonly reference: string;
}

/** How two services decide the same requests. Numbers of requests, but for `different`. */
export interface DecisionReport {
  readonly requests: number;
  readonly equal: number;
  /** Requests that we refuse to decide, because a photo cannot be judged. */
  readonly undecided: number;
  /** One line for each request that both decide, in two ways. */
  readonly different: readonly string[];
}

/** Prefixes of the served copies: as it is, mirrored, and at two thirds of its size. */
const COPIES = ['pair-', 'pair-mirrored-', 'pair-smaller-'] as const;

/** Reads the pairs of a photo set and writes its photos, each with two copies that make other fronts, to `folder`. */
export async function makePairPhotos(photoSet: string, folder: string): Promise<readonly PhotoPair[]> {
  const rows: Record<string, string>[] = parse(readFileSync(join(photoSet, 'master.csv')), { columns: true });
  const pairs = rows.map(({ file_x: probe = '', file_y: reference = '' }) => ({ probe, reference }));
  for (const name of new Set(pairs.flatMap(({ probe, reference }) => [probe, reference]))) {
    const bytes = readFileSync(join(photoSet, name));
    const upright = await sharp(bytes).autoOrient().toBuffer();
    const { width } = await sharp(upright).metadata();
    const smaller = sharp(upright).resize({ width: Math.round((width * 2) / 3) });
    const [first, mirrored, last] = COPIES;
    writeFileSync(join(folder, `${first}${name}`), bytes);
    writeFileSync(join(folder, `${mirrored}${name}`), await sharp(upright).flop().jpeg().toBuffer());
    writeFileSync(join(folder, `${last}${name}`), await smaller.jpeg().toBuffer());
  }
  return pairs;
}

/** Sends each pair as a request with three fronts to both services and compares their answers. */
export async function compareDecisions(
  pairs: readonly PhotoPair[],
  {
    photoOrigin,
    ours,
    theirs,
  }: { readonly photoOrigin: string; readonly ours: string; readonly theirs: string },
): Promise<DecisionReport> {
  let equal = 0;
  let undecided = 0;
  const different: string[] = [];
  for (const { probe, reference } of pairs) {
    const [front_image1, front_image2, front_image3] = COPIES.map((copy) => `${photoOrigin}/${copy}${probe}`);
    const back_image = `${photoOrigin}/${COPIES[0]}${reference}`;
    const body = JSON.stringify({ user_id: probe, front_image1, front_image2, front_image3, back_image });
    const [mine, other] = [await decisionOf(ours, body), await decisionOf(theirs, body)];
    if (mine === other) equal += 1;
    else if (mine === 'true' || mine === 'false')
      different.push(`${probe} and ${reference}: ours ${mine}, Python ${other}`);
    else undecided += 1;
  }
  return { requests: pairs.length, equal, undecided, different };
}

/** Returns `true` or `false` as a service decides, or the status of its refusal. */
export async function decisionOf(origin: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${origin}/compare-faces`, { method: 'POST', headers, body });
  const { matched } = (await response.json()) as { matched?: boolean };
  return String(matched ?? response.status);
}
