// Changes one number of the given files at a time and reports the changes that no test notices:
// node test/mutation/constants.mjs [file …]. Stryker changes operators and conditions, but no numbers.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const FILES = [
  'src/worker/verification/decide.ts',
  ...['scrfd', 'nms', 'similarity-transform', 'align-face', 'warp-image', 'compare-embeddings'].map(
    (name) => `src/worker/vision/${name}.ts`,
  ),
];

/** Comments, strings and numeric literal types, which are not numbers of the program. */
const NOT_CODE = /\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`|"[^"\n]*"|\d+ \| \d+/g;
const NUMBER = /(?<![\w$.])\d+(?:\.\d+)?(?![\w$])/g;

const files = process.argv.length > 2 ? process.argv.slice(2) : FILES;
let changes = 0;
const unnoticed = [];
for (const file of files) {
  const source = readFileSync(file, 'utf8');
  const code = source.replace(NOT_CODE, (text) => text.replace(/[^\n]/g, ' '));
  const numbers = [...code.matchAll(NUMBER)];
  const [first] = numbers;
  if (first && isNoticed(file, { index: first.index, number: first[0], changed: first[0] }))
    throw new Error(`the tests of ${file} fail without a change`);
  for (const { 0: number, index } of numbers) {
    const changed = number.includes('.') ? String(Number(number) + 0.1) : String(Number(number) + 1);
    changes += 1;
    if (isNoticed(file, { index, number, changed })) continue;
    const line = source.slice(0, index).split('\n').length;
    unnoticed.push(`${file}:${line} ${number} → ${changed}: ${source.split('\n')[line - 1]?.trim()}`);
    console.log(unnoticed.at(-1));
  }
}
console.log(`${changes - unnoticed.length} of ${changes} changed numbers were noticed`);

/** vitest.config.ts makes the change while it loads the file, so nothing on disk is touched. */
function isNoticed(file, { index, number, changed }) {
  const change = JSON.stringify({ file: resolve(file), index, number, changed });
  const { status } = spawnSync(
    process.execPath,
    [
      'node_modules/vitest/vitest.mjs',
      'related',
      file,
      '--run',
      '--bail=1',
      '--config=test/mutation/vitest.config.ts',
    ],
    { env: { ...process.env, CHANGED_NUMBER: change }, stdio: 'ignore' },
  );
  return status !== 0;
}
