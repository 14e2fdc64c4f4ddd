// `npm run evaluate -- --pairs FILE.csv | --folders DIR | --lfw DIR | --scores FILE.csv`

import { importBuilt } from './setup/prepare.mjs';
import { prepareModelTool } from './setup/prepare-model-tool.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareModelTool();
  await importBuilt('cli/evaluate.js');
});
