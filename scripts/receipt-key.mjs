// `npm run receipt-key [-- --public]`
import { importBuilt, prepareConfigured } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareConfigured();
  await importBuilt('cli/receipt-key.js');
});
