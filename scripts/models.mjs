// `npm run models -- list | fetch <pack> | verify [pack]`
import { importBuilt, prepareConfigured } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareConfigured();
  await importBuilt('cli/models.js');
});
