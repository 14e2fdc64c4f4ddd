import { DOUBTFUL_MARGIN } from '../../../src/worker/verification/withhold-doubtful.js';
import { compareEmbeddings } from '../../../src/worker/vision/face/compare-embeddings.js';
import { judgeFace } from '../../../src/worker/vision/recognisability/judge-face.js';
import type { RecognisabilityData } from '../../../src/worker/vision/recognisability/rate-face.js';
import type { Example } from './fit-recognisability.js';

/** A face of the table: what was done to it comes first. */
export interface LabelledExample extends Example {
  readonly label: string;
  /** Number of the photo that it was made from. */
  readonly photo: number;
}

/** One row: pairs of two kinds of photos that show different persons, or of pictures that show nobody. */
export interface AcceptanceRow {
  readonly name: string;
  /** Photos in which a face was found, of each side. */
  readonly faces: readonly [number, number];
  /** Share of them that may be compared, of each side. */
  readonly usable: readonly [number, number];
  /** Pairs of all those faces, pairs that are compared, and those that match. */
  readonly pairs: number;
  readonly compared: number;
  readonly matching: number;
  readonly highest: number;
  /** Spoilt faces that are less than the threshold like their clean photo, and the share of those that is refused. */
  readonly lost: number;
  readonly told: number;
}

/** Returns the examples, each with the verdict of the standard check. */
export function judgeExamples(
  examples: readonly LabelledExample[],
  data: RecognisabilityData,
): readonly Judged[] {
  return examples.map((example) => {
    const { usable, doubtful } = judgeFace(example, { data, strictness: 'standard', minScore: 0 });
    return { ...example, usable, doubtful };
  });
}

/** Returns the table of who would match whom. */
export function createTable(judged: readonly Judged[], threshold: number): readonly AcceptanceRow[] {
  const of = (wanted: (example: Judged) => boolean) => judged.filter(wanted);
  const clean = of(({ kind }) => kind === 'clean');
  const garbage = of(({ kind }) => kind === 'garbage');
  const families = new Map<string, Judged[]>();
  for (const example of judged) {
    if (example.kind === 'clean') continue;
    const name = familyOf(example);
    families.set(name, [...(families.get(name) ?? []), example]);
  }
  return [
    countPairs('clean × clean', [clean, clean], threshold),
    countPairs('garbage × clean', [garbage, clean], threshold),
    ...[...families].map(([name, faces]) => countPairs(`${name} × ${name}`, [faces, faces], threshold)),
  ];
}

export type Judged = LabelledExample & { readonly usable: boolean; readonly doubtful: boolean };

/** Returns the similarity of two faces, or undefined if the worker would say neither yes nor no. */
export function compareJudged(one: Judged, other: Judged, threshold: number): number | undefined {
  if (!one.usable || !other.usable) return undefined;
  const similarity = compareEmbeddings(one.embedding, other.embedding);
  const isSure = !one.doubtful || !other.doubtful || similarity >= threshold + DOUBTFUL_MARGIN;
  return isSure ? similarity : undefined;
}

/** `blur 0.04` and `blur 0.05` are one family; what is no face is one as well. */
function familyOf({ kind, label }: LabelledExample): string {
  if (kind === 'garbage') return 'garbage';
  return label
    .replace(/^from .*/, 'enlarged')
    .replace(/.* tones$/, 'few tones')
    .replace(/ [\d.]+$/, '');
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
  let highest = -1;
  one.forEach((first, index) => {
    for (const second of isOneGroup ? other.slice(0, index) : other) {
      if (first.person === second.person) continue;
      pairs += 1;
      const similarity = compareJudged(first, second, threshold);
      if (similarity === undefined) continue;
      compared += 1;
      highest = Math.max(highest, similarity);
      if (similarity >= threshold) matching += 1;
    }
  });
  const lost = one.filter(({ kind, similarity }) => kind !== 'garbage' && similarity < threshold);
  return {
    ...{ name, faces: [one.length, other.length], usable: [shareUsable(one), shareUsable(other)] },
    ...{ pairs, compared, matching, highest, lost: lost.length, told: 1 - shareUsable(lost) },
  };
}

function shareUsable(faces: readonly Judged[]): number {
  return faces.length === 0 ? 0 : faces.filter(({ usable }) => usable).length / faces.length;
}

/** Returns the table as Markdown. */
export function formatTable(rows: readonly AcceptanceRow[]): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const head = [
    '| pairs of different persons | faces | may be compared | pairs | compared | match | highest | lost | of those told |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  const lines = rows.map((row) =>
    [
      ...['', row.name, row.faces.join(' × '), row.usable.map(percent).join(' × '), row.pairs, row.compared],
      ...[row.matching, row.highest.toFixed(3), row.lost, row.lost > 0 ? percent(row.told) : '', ''],
    ]
      .join(' | ')
      .trim(),
  );
  return [...head, ...lines, ''].join('\n');
}
