// Speed of the whole service: npm run bench [-- --quick] [--only efficiency,latency,api,scaling,cache,early,access,uploads,
//   isolation,costs,curve]
//   [--attack "silent image"] [--kinds 0.3mp,2mp,12mp,group] [--runs 5] [--seconds 15] [--save-baseline]
//   --save-scale: measures costs and curve, and saves what docs/scale.md is made from
//   --simulate-scale: measures nothing, but simulates the saved curve again
//   [--peers]: against the former Python service, in a Python environment of its own
// Starts a real Redis, API, workers and photo host on loopback, prints and saves the results in bench/results/ and
// compares them with bench/results/baseline.json. docs/performance.md explains the figures.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ATTACKS } from './isolation/attacks.js';
import { measureIsolation } from './isolation/measure-isolation.js';
import { measurePeers } from './peers/measure-peers.js';
import { chooseWord, chooseWords, readNumber } from './read-options.js';
import { measureCosts } from './scale/measure-costs.js';
import { measureCurve } from './scale/measure-curve.js';
import { saveScale, simulateAgain } from './scale/save-scale.js';
import { simulateCurve } from './scale/simulate-curve.js';
import { renderLatencyChart } from './speed/chart.js';
import { compareReports } from './speed/compare-reports.js';
import { makePhotos, PHOTO_KINDS, type PhotoKind } from './speed/make-photos.js';
import { measureAccess } from './speed/measure-access.js';
import { measureApi } from './speed/measure-api.js';
import { measureEarly } from './speed/measure-early.js';
import {
  measureCache,
  measureEfficiency,
  measureLatency,
  measureScaling,
  type Setting,
} from './speed/measure-service.js';
import { measureUploads } from './speed/measure-uploads.js';
import { LITE, makeScrfdPack, type Pack } from './speed/packs.js';
import { printReport } from './speed/print-report.js';
import type { BenchReport, EfficiencyReport } from './speed/report-types.js';

const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));
const PARTS = [
  'efficiency',
  'latency',
  'api',
  'scaling',
  'cache',
  'early',
  'access',
  'uploads',
  'isolation',
  'costs',
  'curve',
] as const;
type Part = (typeof PARTS)[number] | 'peers';

interface Options {
  readonly quick: boolean;
  readonly parts: readonly Part[];
  /** Photos for measuring efficiency. */
  readonly kinds: readonly PhotoKind[];
  readonly runs: number;
  readonly seconds: number;
  readonly saveBaseline: boolean;
  readonly saveScale: boolean;
  readonly simulateScale: boolean;
  /** Part of the names of the attacks to measure isolation under. */
  readonly attack: string | undefined;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.simulateScale) {
    print(simulateAgain());
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'face-bench-'));
  try {
    const photos = join(folder, 'photos');
    mkdirSync(photos);
    await makePhotos(photos, [...new Set([...options.kinds, '2mp' as const, '0.3mp' as const])]);
    const scrfd = options.quick ? undefined : makeScrfdPack(folder);
    if (!scrfd && !options.quick)
      print('FACE_EXTRA_MODELS holds no scrfd_2.5g.onnx: measuring without the SCRFD pack.');
    const report = startReport(options);
    try {
      await measure(report, options, { folder, photos, scrfd });
    } catch (error) {
      print(printReport(report));
      await save(report, { ...options, saveBaseline: false, saveScale: false });
      throw error;
    }
    print(printReport(report));
    await save(report, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      kinds: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      attack: { type: 'string' },
      peers: { type: 'boolean', default: false },
      'save-baseline': { type: 'boolean', default: false },
      'save-scale': { type: 'boolean', default: false },
      'simulate-scale': { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const all = chooseWords(
    'only',
    values.only?.split(',') ?? (quick ? ['efficiency', 'latency', 'api'] : PARTS),
    PARTS,
  );
  const parts: readonly Part[] = values['save-scale'] ? ['costs', 'curve'] : all;
  const attacks = ATTACKS.map(({ name }) => name);
  return {
    quick,
    kinds: chooseWords('kinds', values.kinds?.split(',') ?? (quick ? ['2mp'] : PHOTO_KINDS), PHOTO_KINDS),
    parts: values.peers ? ['peers'] : parts,
    runs: readNumber('runs', values.runs ?? (quick ? '1' : '5')),
    seconds: readNumber('seconds', values.seconds ?? (quick ? '5' : '15')),
    saveBaseline: values['save-baseline'],
    saveScale: values['save-scale'],
    simulateScale: values['simulate-scale'],
    attack: values.attack === undefined ? undefined : chooseWord('attack', values.attack, attacks),
  };
}

interface Materials {
  readonly folder: string;
  readonly photos: string;
  readonly scrfd: Pack | undefined;
}

function startReport({ quick }: Options): BenchReport {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown processor',
    cores: availableParallelism(),
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? Number.NaN,
  };
  return { startedAt: new Date().toISOString(), quick, machine, efficiency: [] };
}

/** Measures the chosen parts and adds each to the report as soon as it is measured, so that a later failure loses none. */
async function measure(report: BenchReport, options: Options, materials: Materials): Promise<void> {
  const { kinds, runs, seconds, attack } = options;
  const { folder, photos } = materials;
  const setting: Setting = { photos, pack: LITE, kind: '2mp', seconds };
  const measurements: { readonly [P in Part]: () => Promise<BenchReport[P]> } = {
    efficiency: () => measureEfficiencies(options, materials),
    latency: () => measureLatency(setting),
    api: () => measureApi(photos, seconds),
    scaling: () => measureScaling(setting, [1, 2, 4]),
    cache: () => measureCache(setting),
    early: () => measureEarly({ ...setting, kind: kinds[0] ?? '2mp' }, runs),
    access: () => measureAccess({ photos, seconds, rounds: runs }),
    uploads: () => measureUploads(photos, seconds),
    isolation: () => measureIsolation({ seconds, only: attack, print }),
    costs: () => measureCosts({ photos, kinds, seconds, print }),
    curve: async () => simulateCurve(await measureCurve({ photos, kind: '2mp', seconds, print })),
    peers: () => measurePeers({ ...options, photos, folder, print }),
  };
  for (const part of options.parts) Object.assign(report, { [part]: await measurements[part]() });
}

/** Measures the packs by photo size, then processes by threads for photos of two megapixels. */
async function measureEfficiencies(
  { quick, kinds, runs, seconds }: Options,
  { photos, scrfd }: Materials,
): Promise<EfficiencyReport[]> {
  const packs = scrfd ? [LITE, scrfd] : [LITE];
  const cases: { pack: Pack; kind: PhotoKind; processes?: number; threads?: number }[] = quick
    ? [{ pack: LITE, kind: '2mp' }]
    : [
        ...packs.flatMap((pack) => kinds.map((kind) => ({ pack, kind }))),
        ...packs.flatMap((pack) =>
          [
            { processes: 1, threads: 1 },
            { processes: 1, threads: 2 },
            { processes: 2, threads: 2 },
          ].map((layout) => ({ pack, kind: '2mp' as const, ...layout })),
        ),
      ];
  const reports: EfficiencyReport[] = [];
  for (const one of cases) {
    print(`measuring ${one.pack.name}, ${one.kind} …`);
    reports.push(await measureEfficiency({ photos, runs, seconds, ...one }));
  }
  return reports;
}

async function save(report: BenchReport, { saveBaseline, saveScale: savesScale }: Options): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  if (savesScale) print(saveScale(report));
  const text = `${JSON.stringify(report, roundNumbers, 1)}\n`;
  const name = saveBaseline ? 'baseline' : report.startedAt.replace(/[:.]/g, '-');
  if (!saveBaseline) printRatios(report);
  writeFileSync(join(RESULTS, `${name}.json`), text);
  if (report.latency) writeFileSync(join(RESULTS, `${name}.svg`), await renderLatencyChart(report.latency));
  print(`\nsaved as bench/results/${name}.json`);
}

function printRatios(report: BenchReport): void {
  let baseline: BenchReport;
  try {
    baseline = JSON.parse(readFileSync(join(RESULTS, 'baseline.json'), 'utf8')) as BenchReport;
  } catch {
    print('\nno baseline to compare with');
    return;
  }
  print(`\nagainst the baseline of ${baseline.startedAt} (now / then)`);
  for (const { figure, baseline: old, now, ratio } of compareReports(baseline, report)) {
    print(
      `  ${figure.padEnd(44)} ${now.toFixed(2).padStart(9)} / ${old.toFixed(2).padStart(9)} = ${ratio.toFixed(2)}`,
    );
  }
}

/** Rounds to four significant digits, more than any of these figures is accurate to. */
function roundNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
