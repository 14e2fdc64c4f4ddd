import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

/** One violation of each rule: the file that commits it, and the files of the crime. */
const PLANTED: Readonly<Record<string, { readonly from: string; readonly files: Record<string, string> }>> = {
  'no-cycles': {
    from: 'src/shared/egg.ts',
    files: {
      'src/shared/hen.ts': "import type { Egg } from './egg.js'; export interface Hen { egg: Egg }",
      'src/shared/egg.ts': "import type { Hen } from './hen.js'; export interface Egg { hen: Hen }",
    },
  },
  'no-orphans': { from: 'src/shared/alone.ts', files: { 'src/shared/alone.ts': 'export const alone = 1;' } },
  'nothing-unresolved': {
    from: 'src/shared/seeker.ts',
    files: { 'src/shared/seeker.ts': "export { lost } from './lost.js';" },
  },
  'shared-stands-alone': {
    from: 'src/shared/nosy.ts',
    files: { 'src/shared/nosy.ts': "import type { Part } from '../worker/part.js'; export type A = Part;" },
  },
  'api-imports-shared-only': {
    from: 'src/api/nosy.ts',
    files: { 'src/api/nosy.ts': "import type { Part } from '../worker/part.js'; export type A = Part;" },
  },
  'worker-imports-shared-only': {
    from: 'src/worker/nosy.ts',
    files: { 'src/worker/nosy.ts': "import { page } from '../api/page.js'; export const a = page;" },
  },
  'vision-imports-only-errors-and-manifest': {
    from: 'src/worker/vision/nosy.ts',
    files: {
      'src/worker/vision/nosy.ts':
        "import { setting } from '../../shared/setting.js'; export const a = setting;",
    },
  },
  'vision-knows-no-queue-or-http': {
    from: 'src/worker/vision/caller.ts',
    files: { 'src/worker/vision/caller.ts': "import { get } from 'node:http'; export const a = get;" },
  },
  'native-code-only-in-vision': {
    from: 'src/worker/painter.ts',
    files: { 'src/worker/painter.ts': "import sharp from 'sharp'; export const a = sharp;" },
  },
  'clients-stand-alone': {
    from: 'clients/typescript/src/nosy.ts',
    files: {
      'clients/typescript/src/nosy.ts':
        "import { setting } from '../../../src/shared/setting.js'; export const a = setting;",
    },
  },
  'nothing-imports-tools': {
    from: 'src/worker/curious.ts',
    files: { 'src/worker/curious.ts': "import { look } from '../../tools/look.js'; export const a = look;" },
  },
  'api-image-needs-no-native-code': {
    from: 'src/api/main.ts',
    files: {
      'src/api/main.ts': "import { step } from '../shared/step.js'; step();",
      'src/shared/step.ts': "import type { Sharp } from 'sharp'; export const step = (): Sharp | 0 => 0;",
    },
  },
  'bullmq-only-in-queue-folders': {
    from: 'src/worker/clerk.ts',
    files: { 'src/worker/clerk.ts': "import type { Job } from 'bullmq'; export type A = Job;" },
  },
};

/** A tree that keeps every rule: each program reaches all that is there. */
const CLEAN = {
  'src/api/main.ts': "import { page } from './page.js'; console.log(page);",
  'src/api/page.ts': "import { setting } from '../shared/setting.js'; export const page = setting;",
  'src/worker/main.ts':
    "import type { Part } from './part.js'; import { run } from './comparison/run.js'; const a: Part = run;",
  'src/worker/comparison/run.ts': "import { Queue } from 'bullmq'; export const run = Queue;",
  'src/worker/part.ts': "import { see } from './vision/see.js'; export type Part = typeof see | unknown;",
  'src/worker/vision/see.ts':
    "import sharp from 'sharp'; import { fault } from '../../shared/errors.js'; export const see = [sharp, fault];",
  'src/shared/setting.ts': "import { z } from 'zod'; export const setting = z;",
  'src/shared/errors.ts': 'export const fault = 1;',
  'clients/typescript/src/index.ts': "export { send } from './send.js';",
  'clients/typescript/src/send.ts': 'export const send = 1;',
  'tools/look.ts':
    "import type { Part } from '../src/worker/part.js'; export const look = 1; export type Look = Part;",
};

describe('the layer rules', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layers-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFiles(CLEAN);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function writeFiles(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  }

  function findViolations(): readonly Violation[] {
    const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const args = [cli, 'src', 'tools', 'clients', '--config', CONFIG, '--output-type', 'json'];
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    const report: { summary: { violations: readonly Violation[] } } = JSON.parse(stdout);
    return report.summary.violations;
  }

  it('find nothing in a tree that keeps them', () => {
    expect(findViolations()).toEqual([]);
  });

  it('each report the file that breaks them', () => {
    for (const { files } of Object.values(PLANTED)) writeFiles(files);

    const found = findViolations();

    for (const [name, { from }] of Object.entries(PLANTED)) {
      const files = found.filter(({ rule }) => rule.name === name).map((violation) => violation.from);
      expect(files, name).toContain(from);
    }
  });

  it('are all planted here', () => {
    const { forbidden }: { forbidden: readonly { name: string }[] } = createRequire(import.meta.url)(CONFIG);

    expect(forbidden.map(({ name }) => name).sort()).toEqual(Object.keys(PLANTED).sort());
  });
});
