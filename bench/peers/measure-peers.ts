import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { alternate, type PairReport, sideOf } from '../speed/alternate.js';
import { startFleet } from '../speed/fleet.js';
import { comparisonBody, type PhotoKind } from '../speed/make-photos.js';
import { packEnvironment } from '../speed/measure-service.js';
import { makeResnetPack, makeScrfdPack, type Pack } from '../speed/packs.js';
import { printPair } from '../speed/print-report.js';
import { compareDecisions, type DecisionReport, decisionOf, makePairPhotos } from './compare-decisions.js';
import { preparePython, runPython, startPython } from './start-python.js';

/** One line of the comparison with the former Python service. */
export interface PeerRow extends PairReport {
  readonly pack: Pack['name'];
  readonly evidence: boolean;
  /** Both answers to the first request: `true`, `false` or a status. */
  readonly decisions: readonly [string, string];
}

export interface PeerOptions {
  /** Folder of the photos. */
  readonly photos: string;
  /** Folder for the packs. */
  readonly folder: string;
  readonly kinds: readonly PhotoKind[];
  readonly runs: number;
  readonly seconds: number;
  readonly print: (line: string) => void;
}

/** Callers in a closed loop: more than two cores can serve at once. */
const CALLERS = 8;

type Row = { readonly kind: PhotoKind; readonly inFlight: number; readonly evidence?: boolean };

/** Rows for portraits of 2 megapixels besides the throughput: latency, and all photos analysed. */
const MORE_ROWS: readonly Row[] = [
  { kind: '2mp', inFlight: 1 },
  { kind: '2mp', inFlight: CALLERS, evidence: true },
];

/**
 * Compares the service with the Python service that it replaces: same photos, same model files, in turn. Latency, evidence
 * and the ResNet-50 are measured with portraits of 2 megapixels only. Empty, with a message, where Python, its packages or
 * the SCRFD detector are missing.
 */
export async function measurePeers(options: PeerOptions): Promise<PeerRow[]> {
  const { folder, kinds, print } = options;
  const root = join(folder, 'peers');
  const models = join(root, 'models');
  mkdirSync(models, { recursive: true });
  const scrfd = makeScrfdPack(models);
  const problem = scrfd ? preparePython() : 'FACE_EXTRA_MODELS holds no scrfd_2.5g.onnx';
  if (!scrfd || problem) {
    print(`skipping the comparison with the Python service: ${problem}`);
    return [];
  }
  const { FACE_PHOTO_SET: photoSet } = process.env;
  const pairs = photoSet ? await makePairPhotos(photoSet, options.photos) : [];
  const rows = kinds.map((kind) => ({ kind, inFlight: CALLERS }));
  const more = kinds.includes('2mp') ? MORE_ROWS : [];
  const reports = await measurePack(scrfd, [...rows, ...more], { ...options, root, pairs });
  if (!kinds.includes('2mp')) return reports;
  const resnet = makeResnetPack(models, (file) => runPython('make_resnet.py', [file]));
  const heavy = [{ kind: '2mp', inFlight: CALLERS }] as const;
  return [...reports, ...(await measurePack(resnet, heavy, { ...options, root, pairs: [] }))];
}

interface PackOptions extends PeerOptions {
  /** Folder of the models, which the Python service starts in. */
  readonly root: string;
  /** Pairs of photos that both services decide, one after the other. */
  readonly pairs: Awaited<ReturnType<typeof makePairPhotos>>;
}

async function measurePack(
  pack: Pack,
  rows: readonly Row[],
  { photos, root, pairs, runs, seconds, print }: PackOptions,
): Promise<PeerRow[]> {
  const fleet = await startFleet({ photos, workers: [undefined], env: packEnvironment(pack) });
  try {
    const python = await startPython(root, pack.model);
    try {
      const ours = sideOf('ours', fleet);
      const reports: PeerRow[] = [];
      for (const { kind, inFlight, evidence = false } of rows) {
        const load = { kind, photoOrigin: fleet.photoOrigin, inFlight, runs, seconds };
        const decide = (origin: string) => decisionOf(origin, comparisonBody(kind, fleet.photoOrigin, 0));
        const decisions = [await decide(ours.origin), await decide(python.origin)] as const;
        const pair = await alternate([ours, python], { ...load, fields: evidence ? { evidence } : {} });
        const row = { ...pair, pack: pack.name, evidence, decisions };
        print(printPeerRow(row));
        reports.push(row);
      }
      if (pairs.length > 0) {
        const sides = { photoOrigin: fleet.photoOrigin, ours: ours.origin, theirs: python.origin };
        print(describeDecisions(await compareDecisions(pairs, sides)));
      }
      return reports;
    } finally {
      await python.stop();
    }
  } finally {
    await fleet.stop();
  }
}

function printPeerRow({ pack, evidence, decisions, ...pair }: PeerRow): string {
  const asked = evidence ? ', evidence' : '';
  return `${printPair(pair)}; ${pack}${asked}; decisions ${decisions.join(' and ')}`;
}

function describeDecisions({ requests, equal, undecided, different }: DecisionReport): string {
  const first = `pairs as requests with three fronts: ${equal} of ${requests} decided alike, ${undecided} not by us`;
  return [first, ...different].join('\n  ');
}
