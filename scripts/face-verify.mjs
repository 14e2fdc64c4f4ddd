#!/usr/bin/env node
// `npm run -s face-verify --` and `npx face-verify`: the command line of the service; `npm run compare` is one of its uses.
import { importBuilt, prepareConfigured } from './setup/prepare.mjs';
import { prepareModelTool } from './setup/prepare-model-tool.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  if (process.argv.includes('--local')) await prepareModelTool();
  else await prepareConfigured();
  await importBuilt('cli/face-verify.js');
});
