// `npm run webhook-secret -- <name of the API key>`
import { importBuilt, prepareProgram } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareProgram();
  await importBuilt('cli/webhook-secret.js');
});
