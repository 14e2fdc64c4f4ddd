// Fuzzes the service: npm run fuzz [-- --contract 100000 --images 10000 --bombs 200 --seed 1 --formats all]
// Sends hostile requests to a real Redis, API and worker, damaged photos to a real vision pool, and decompression bombs
// to the whole service. Nothing may crash, hang, answer 500, match or exceed its memory limit. The same seed gives the same
// inputs; 0 skips a part.
// Exits with 1 if it finds a violation. CI runs the same with smaller numbers (fuzz-contract.test.ts and
// decode-image.fuzz.test.ts).
import { parseArgs } from 'node:util';
import { chooseWord, readNumber } from '../read-options.js';
import { runBombStream } from './run-bomb-stream.js';
import { runContractFuzz } from './run-contract-fuzz.js';
import { runImageFuzz } from './run-image-fuzz.js';

const { values } = parseArgs({
  options: {
    contract: { type: 'string', default: '100000' },
    images: { type: 'string', default: '10000' },
    bombs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    formats: { type: 'string', default: 'default' },
  },
});
const seed = readNumber('seed', values.seed);
const contract = readNumber('contract', values.contract);
const images = readNumber('images', values.images);
const bombs = readNumber('bombs', values.bombs);
const allFormats = chooseWord('formats', values.formats, ['default', 'all']) === 'all';
const findings: string[] = [];
const report = (lines: readonly string[], found: readonly string[]): void => {
  process.stdout.write(`${[...lines, ...found.slice(0, 50)].join('\n')}\n\n`);
  findings.push(...found);
};

if (images > 0) {
  const { lines, findings: found } = await runImageFuzz({
    count: images,
    seed,
    allFormats,
  });
  report(lines, found);
}
if (bombs > 0) {
  const { lines, findings: found } = await runBombStream({ count: bombs, seed });
  report(lines, found);
}
if (contract > 0) {
  const { lines, findings: found } = await runContractFuzz({ count: contract, seed });
  report(lines, found);
}
process.stdout.write(findings.length === 0 ? 'nothing found\n' : `${findings.length} findings\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
