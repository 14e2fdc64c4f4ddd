// Compiles src to dist, whether or not dist is up to date: `npm run build`.
import { build } from './setup/build-if-stale.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(() => build());
