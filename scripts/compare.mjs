// `npm run compare -- probe.jpg [probe.jpg …] reference.jpg`

import { importBuilt } from './setup/prepare.mjs';
import { prepareModelTool } from './setup/prepare-model-tool.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareModelTool();
  await importBuilt('cli/compare.js');
});
