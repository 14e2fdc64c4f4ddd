#!/usr/bin/env node
// `npm run -s face-verify --` and `npx face-verify`: the command line of the service; `npm run compare` is one of its uses.
import { resolve } from 'node:path';
import { importBuilt, prepareConfigured } from './setup/prepare.mjs';
import { prepareModelTool } from './setup/prepare-model-tool.mjs';
import { ROOT } from './setup/root.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  if (process.argv.includes('--local')) await prepareModelTool();
  else await prepareConfigured();
  process.env.MODELS_DIR = resolve(ROOT, process.env.MODELS_DIR || 'models');
  // npm runs scripts in the repository's root; photos are where the user stands.
  if (process.env.npm_lifecycle_event && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  await importBuilt('cli/face-verify.js');
});
