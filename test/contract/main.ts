// `npm run test:contract`: other people's tools judge docs/openapi.json and an API that runs. -- --cases 200 sends more
// requests to each operation. The tools are downloaded once, into node_modules/.cache/contract.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { attackService } from './attack-service.js';
import { installNpmTools, installPythonTools } from './install-tools.js';
import { runTool, type ToolRun } from './run-tool.js';
import { RECEIPT_TOOLS, verifyReceipt } from './verify-receipt.js';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DOCUMENT = fromRoot('docs/openapi.json');
const PYTHON_TOOLS = ['openapi-python-client==0.29.1', 'schemathesis==4.32.5', ...RECEIPT_TOOLS];
const CACHE = fromRoot('node_modules/.cache/contract');

/** A caller's code in TypeScript. It compiles only if the generated types have these paths and fields. */
const SAMPLE = `import type { components, paths } from './types.js';
type Body = paths['/compare-faces']['post']['requestBody']['content']['application/json'];
const url = 'https://photos.example.com/1.jpg';
export const body: Body = { user_id: 42, front_image1: url, front_image2: url, front_image3: url, back_image: url, min_matches: 2 };
export const pointOf = (face: components['schemas']['FaceEvidence']): number | undefined => face.landmarks[0]?.[1];
`;

const { values } = parseArgs({ options: { cases: { type: 'string', default: '30' } } });
const folder = mkdtempSync(join(tmpdir(), 'face-contract-'));
try {
  await judgeWithNpmTools(await installNpmTools(CACHE));
  const programs = await installPythonTools(CACHE, PYTHON_TOOLS);
  if (programs) await judgeWithPythonTools(programs);
  else
    console.log(
      'SKIPPED openapi-python-client, receipts and schemathesis: they need python3 with its module venv',
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function judgeWithNpmTools(programs: string): Promise<void> {
  const program = (name: string): string => join(programs, name);
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const redocly = await runTool(program('redocly'), ['lint', DOCUMENT, '--format=stylish'], { env: quiet });
  report('redocly finds no error and no warning', redocly, !/\d+ (?:error|warning)/.test(redocly.output));
  const rules = ['--ruleset', fromRoot('test/contract/spectral.yaml'), '--fail-severity', 'hint'];
  report(
    'spectral finds no error and no warning',
    await runTool(program('spectral'), ['lint', DOCUMENT, ...rules]),
  );
  const types = join(folder, 'types.ts');
  report(
    'openapi-typescript makes types',
    await runTool(program('openapi-typescript'), [DOCUMENT, '-o', types]),
  );
  writeFileSync(join(folder, 'sample.ts'), SAMPLE);
  writeFileSync(join(folder, 'same.ts'), compareTypes());
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--noUncheckedIndexedAccess'];
  const compile = (...args: readonly string[]): Promise<ToolRun> =>
    runTool(program('tsc'), [...options, ...args], { cwd: folder });
  report('a client compiles with them', await compile('sample.ts'));
  report(
    'they are the types of clients/typescript',
    await compile('--lib', 'es2023,dom,dom.asynciterable', 'same.ts'),
  );
}

/** Code that compiles only if openapi-typescript and we make the same types, apart from photos, of the same schemas. */
function compareTypes(): string {
  const { components } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as {
    components: { schemas: Record<string, unknown> };
  };
  const ours = fromRoot('clients/typescript/src/types.js');
  return `import type { components } from './types.js';
import type * as Ours from '${ours}';
type Theirs = components['schemas'];
type Photo = ${IMAGE_NAMES.map((name) => `'${name}'`).join(' | ')};
type Plain<T> = T extends (infer Item)[] ? Plain<Item>[] : 'back_image' extends keyof T ? Omit<T, Photo> : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
${Object.keys(components.schemas)
  .map((name) => `export const is${name}: Same<Plain<Ours.${name}>, Plain<Theirs['${name}']>> = true;`)
  .join('\n')}
`;
}

async function judgeWithPythonTools(programs: string): Promise<void> {
  const env = { PATH: `${programs}:${process.env.PATH ?? ''}` };
  const client = join(folder, 'client');
  const args = [
    'generate',
    '--path',
    DOCUMENT,
    '--output-path',
    client,
    '--meta',
    'none',
    '--fail-on-warning',
    '--config',
    fromRoot('test/contract/openapi-python-client.yaml'),
  ];
  report(
    'openapi-python-client makes a client',
    await runTool(join(programs, 'openapi-python-client'), args, { env }),
  );
  const code = 'from client.models import CompareRequest, FaceEvidence, Problem';
  report('Python imports it', await runTool(join(programs, 'python'), ['-c', code], { cwd: folder }));
  const [check, sample] = await verifyReceipt(join(programs, 'python'), folder);
  report('joserfc and PyJWT verify a receipt, and no changed one', check);
  report('the Python of docs/receipts.md verifies it', sample);
  const schemathesis = join(programs, 'schemathesis');
  const attack = { schemathesis, document: DOCUMENT, cases: values.cases, cwd: folder };
  report('schemathesis finds no violation', await attackService(attack));
}

function report(what: string, { exitCode, output }: ToolRun, isClean = true): void {
  const passed = exitCode === 0 && isClean;
  const cases = /\d+ generated/.exec(output)?.[0];
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${what}${cases ? ` (${cases})` : ''}`);
  if (passed) return;
  console.log(output);
  process.exitCode = 1;
}
