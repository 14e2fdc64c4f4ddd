// `npm run models -- list | fetch <pack> | verify [pack]`
import { importBuilt, prepareProgram } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareProgram();
  await importBuilt('cli/models.js');
});
