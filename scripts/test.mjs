// `npm test`: sets up what is missing, then runs all tests, or those that the arguments name.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findRedis } from './setup/find-redis.mjs';
import { prepareLite, prepareProgram } from './setup/prepare.mjs';
import { ROOT } from './setup/root.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  await prepareProgram();
  await prepareLite();
  await findRedis();
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
});
