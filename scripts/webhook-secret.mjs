// `npm run webhook-secret -- <name of the API key>`
import { importBuilt, prepareConfigured } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareConfigured();
  await importBuilt('cli/webhook-secret.js');
});
