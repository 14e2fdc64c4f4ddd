import { fork } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { VerificationError } from '../src/shared/errors.js';
import { blockUntrustedLoaders, decodeImage } from '../src/worker/vision/decode-image.js';
import { mutateBytes, randomEdits, seededRandom } from '../test/support/mutate-bytes.js';
import { samplePhoto } from '../test/support/photos.js';

// Damages real photos at random and decodes them, for as long as asked:
//   node --import tsx bench/fuzz-decode.ts --minutes 5 [--seed 1]
// Decoding runs in child processes, one seed each, so that a native crash costs one child and names its input:
// the same seed and number make the same file again. Ends with 1 when anything but a picture or one of the three
// codes came out.

const INPUTS_PER_CHILD = 2000;
/** A child that gives no answer for so long hangs, ms. */
const HANG_MS = 20_000;
const LIMITS = { maxPixels: 40_000_000, formats: ['jpeg', 'png', 'webp'] } as const;

/** What a child writes for each input: one letter, so that their number names the input that ended it. */
const LETTERS = {
  d: 'decoded',
  l: 'image_too_large',
  s: 'image_unsupported',
  u: 'image_undecodable',
  x: 'unexpected',
} as const;
type Letter = keyof typeof LETTERS;

interface ChildReport {
  readonly slowestMs: number;
  readonly slowestInput: number;
  readonly peakRssBytes: number;
  readonly unexpected: readonly string[];
}

interface ChildRun {
  readonly letters: string;
  readonly report: ChildReport | undefined;
  /** How it ended, when not as it should. */
  readonly end: string | undefined;
}

async function makePhotos(): Promise<Buffer[]> {
  const photo = sharp(samplePhoto(2)).resize(320, 240, { fit: 'cover' });
  return Promise.all([
    photo.clone().jpeg({ quality: 85 }).toBuffer(),
    photo.clone().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
    photo.clone().withIccProfile('p3').jpeg().toBuffer(),
    photo.clone().toColourspace('cmyk').resize(96).jpeg().toBuffer(),
    photo.clone().png().toBuffer(),
    photo.clone().png({ palette: true, progressive: true }).toBuffer(),
    photo.clone().ensureAlpha(0.5).toColourspace('rgb16').resize(96).png().toBuffer(),
    photo.clone().webp().toBuffer(),
    photo.clone().ensureAlpha(0.5).webp({ lossless: true, effort: 0 }).toBuffer(),
    photo.clone().withMetadata({ orientation: 3 }).webp({ quality: 60 }).toBuffer(),
  ]);
}

async function runChild(seed: number): Promise<void> {
  blockUntrustedLoaders(LIMITS.formats);
  const photos = await makePhotos();
  const random = seededRandom(seed);
  const report = { slowestMs: 0, slowestInput: 0, peakRssBytes: 0, unexpected: [] as string[] };
  for (let input = 0; input < INPUTS_PER_CHILD; input += 1) {
    const photo = photos[Math.floor(random() * photos.length)] ?? Buffer.alloc(0);
    const bytes = mutateBytes(photo, randomEdits(random, photo.length));
    const target = random() < 0.5 ? { targetLongEdgePx: 100 } : {};
    const start = performance.now();
    const outcome = await decodeImage(bytes, { ...LIMITS, ...target }).then(
      () => 'decoded',
      (error: unknown) => (error instanceof VerificationError ? error.code : String(error)),
    );
    const elapsedMs = performance.now() - start;
    if (elapsedMs > report.slowestMs) Object.assign(report, { slowestMs: elapsedMs, slowestInput: input });
    const letter = letterOf(outcome);
    if (letter === 'x') report.unexpected.push(`input ${input}: ${outcome}`);
    // Synchronous, so that a crash in the next input cannot swallow it.
    writeSync(1, letter);
  }
  report.peakRssBytes = process.resourceUsage().maxRSS * 1024;
  process.send?.(report);
}

function letterOf(outcome: string): Letter {
  const found = Object.entries(LETTERS).find(([, name]) => name === outcome);
  return found ? (found[0] as Letter) : 'x';
}

function startChild(seed: number): Promise<ChildRun> {
  const child = fork(fileURLToPath(import.meta.url), ['--child', '--seed', String(seed)], {
    execArgv: process.execArgv,
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  });
  let letters = '';
  let report: ChildReport | undefined;
  let hung = false;
  const killAsHung = (): void => {
    hung = true;
    child.kill('SIGKILL');
  };
  let watchdog = setTimeout(killAsHung, HANG_MS);
  child.stdout?.on('data', (chunk: Buffer) => {
    letters += chunk.toString('latin1');
    clearTimeout(watchdog);
    watchdog = setTimeout(killAsHung, HANG_MS);
  });
  child.on('message', (message) => {
    report = message as ChildReport;
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(watchdog);
      const end = hung ? `hung for ${HANG_MS} ms` : code === 0 ? undefined : `ended with ${signal ?? code}`;
      resolve({ letters, report, end });
    });
  });
}

async function runParent(minutes: number, firstSeed: number): Promise<void> {
  const until = performance.now() + minutes * 60_000;
  const counts: Record<Letter, number> = { d: 0, l: 0, s: 0, u: 0, x: 0 };
  const findings: string[] = [];
  let slowest = { ms: 0, seed: 0, input: 0 };
  let peakRssBytes = 0;
  for (let seed = firstSeed; performance.now() < until; seed += 1) {
    const { letters, report, end } = await startChild(seed);
    for (const letter of letters) counts[letter as Letter] += 1;
    if (end !== undefined) findings.push(`seed ${seed}, input ${letters.length}: the process ${end}`);
    if (!report) continue;
    findings.push(...report.unexpected.map((text) => `seed ${seed}, ${text}`));
    peakRssBytes = Math.max(peakRssBytes, report.peakRssBytes);
    if (report.slowestMs > slowest.ms) slowest = { ms: report.slowestMs, seed, input: report.slowestInput };
  }
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const named = Object.entries(LETTERS).map(([letter, name]) => `${name} ${counts[letter as Letter]}`);
  console.log(`${total} inputs: ${named.join(', ')}`);
  console.log(`slowest ${Math.round(slowest.ms)} ms (seed ${slowest.seed}, input ${slowest.input})`);
  console.log(`peak resident memory of a process ${Math.round(peakRssBytes / 2 ** 20)} MiB`);
  console.log(findings.length === 0 ? 'no crash, no hang, no other error' : findings.join('\n'));
  process.exitCode = findings.length === 0 ? 0 : 1;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    child: { type: 'boolean', default: false },
  },
});
if (values.child) await runChild(Number(values.seed));
else await runParent(Number(values.minutes), Number(values.seed));
