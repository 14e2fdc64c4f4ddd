import { findDoubt } from '../../../src/worker/verification/withhold-doubtful.js';
import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import { judgeFace } from '../../../src/worker/vision/recognisability/judge-face.js';
import type { RecognisabilityData } from '../../../src/worker/vision/recognisability/rate-face.js';
import type { Example } from './fit-recognisability.js';

/** A face of the table, and how its picture was made. */
export interface LabelledExample extends Example {
  readonly label: string;
  /** Its row in the table. */
  readonly family: string;
  /** Number of the photo that the picture was made from; -1 if there is none. */
  readonly photo: number;
}

/** One row: pairs of pictures of different persons, or of nobody. */
export interface AcceptanceRow {
  readonly name: string;
  /** Pictures of each side in which a face was found. */
  readonly faces: readonly [number, number];
  /** Share of them that can be compared, of each side. */
  readonly usable: readonly [number, number];
  /** All pairs, those that are compared, those that match, and those that would match without the check. */
  readonly pairs: number;
  readonly compared: number;
  readonly matching: number;
  readonly matchingBefore: number;
  readonly highest: number;
  /** Spoilt faces whose similarity to their own whole photo is below the threshold, and the share of them that is refused. */
  readonly lost: number;
  readonly told: number;
}

/** Returns the examples with the verdict of the standard check. `dataOf` returns the data that judge a person. */
export function judgeExamples(
  examples: readonly LabelledExample[],
  dataOf: (person: string) => RecognisabilityData,
): readonly Judged[] {
  return examples.map((example) => {
    const data = dataOf(example.person);
    const { usable, doubtMargin } = judgeFace(example, { data, strictness: 'standard', minScore: 0 });
    return { ...example, usable, doubtMargin };
  });
}

/** Returns the table. */
export function createTable(judged: readonly Judged[], threshold: number): readonly AcceptanceRow[] {
  const of = (wanted: (example: Judged) => boolean) => judged.filter(wanted);
  const clean = of(({ kind }) => kind === 'clean');
  const garbage = of(({ kind }) => kind === 'garbage');
  const bad = of(({ kind }) => kind !== 'clean');
  const families = new Map<string, Judged[]>();
  for (const example of judged) {
    const { family } = example;
    if (family === 'clean') continue;
    const faces = families.get(family);
    if (faces) faces.push(example);
    else families.set(family, [example]);
  }
  return [
    countPairs('clean × clean', [clean, clean], threshold),
    countPairs('garbage × clean', [garbage, clean], threshold),
    ...[...families].map(([name, faces]) => countPairs(`${name} × ${name}`, [faces, faces], threshold)),
    countPairs('any two that are not clean', [bad, bad], threshold),
  ];
}

export type Judged = LabelledExample & { readonly usable: boolean; readonly doubtMargin: number };

/** What becomes of two faces: the worker says yes or no, or that it could not tell. */
export type Comparison = 'match' | 'non-match' | 'untold';

/** Returns the worker's answer for two faces of this similarity. */
export function compareJudged(
  one: Judged,
  other: Judged,
  { similarity, threshold }: { readonly similarity: number; readonly threshold: number },
): Comparison {
  if (!one.usable || !other.usable) return 'untold';
  if (findDoubt(similarity, { threshold, margins: [one.doubtMargin, other.doubtMargin] })) return 'untold';
  return similarity >= threshold ? 'match' : 'non-match';
}

function countPairs(
  name: string,
  [one, other]: readonly [readonly Judged[], readonly Judged[]],
  threshold: number,
): AcceptanceRow {
  const isOneGroup = one === other;
  let pairs = 0;
  let compared = 0;
  let matching = 0;
  let matchingBefore = 0;
  let highest = -1;
  one.forEach((first, index) => {
    for (const second of isOneGroup ? other.slice(0, index) : other) {
      if (first.person === second.person) continue;
      pairs += 1;
      const similarity = compareEmbeddings(first.embedding, second.embedding);
      if (similarity >= threshold) matchingBefore += 1;
      const comparison = compareJudged(first, second, { similarity, threshold });
      if (comparison === 'untold') continue;
      compared += 1;
      highest = Math.max(highest, similarity);
      if (comparison === 'match') matching += 1;
    }
  });
  const lost = one.filter(({ kind, similarity }) => kind !== 'garbage' && similarity < threshold);
  return {
    ...{ name, faces: [one.length, other.length], usable: [shareUsable(one), shareUsable(other)] },
    ...{ pairs, compared, matching, matchingBefore, highest, lost: lost.length, told: 1 - shareUsable(lost) },
  };
}

/** Share of the faces that can be compared; 0 for none. */
function shareUsable(faces: readonly Judged[]): number {
  return faces.length === 0 ? 0 : faces.filter(({ usable }) => usable).length / faces.length;
}

/** Returns the table as Markdown. */
export function formatTable(rows: readonly AcceptanceRow[]): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const of = (share: number) => (share === 0 ? '0' : share.toExponential(1));
  const head = [
    '| pairs of different persons | faces | usable | pairs | match without the check | compared | match | of all pairs | highest | lost | of those told |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
  ];
  const lines = rows.map((row) => {
    const cells = [
      ...[
        row.name,
        row.faces.join(' × '),
        row.usable.map(percent).join(' × '),
        row.pairs,
        row.matchingBefore,
      ],
      ...[row.compared, row.matching, of(row.matching / Math.max(1, row.pairs)), row.highest.toFixed(3)],
      ...[row.lost, row.lost > 0 ? percent(row.told) : ''],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [...head, ...lines, ''].join('\n');
}
