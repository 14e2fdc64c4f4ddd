// `npm run bench`, `soak`, `fuzz`, `chaos` and `test:contract`: sets up what is missing, then runs the script named first on the compiled service.
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
  const [script = 'bench/main.ts', ...args] = process.argv.slice(2);
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, script), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
});
