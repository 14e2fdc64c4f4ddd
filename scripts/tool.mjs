// `npm run evaluate` and `npm run compare-services`: sets up what is missing, then runs the tool that the
// first argument names.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkNode } from './setup/check-node.mjs';
import { installDependencies } from './setup/install-dependencies.mjs';
import { prepareModelTool } from './setup/prepare-model-tool.mjs';
import { ROOT } from './setup/root.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  const [tool] = process.argv.splice(2, 1);
  checkNode();
  if (tool === 'compare-services') await installDependencies();
  else await prepareModelTool();
  const { register } = await import('tsx/esm/api');
  register();
  await import(pathToFileURL(join(ROOT, 'tools', tool, 'main.ts')).href);
});
