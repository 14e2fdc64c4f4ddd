// `npm run test:deploy`: sets up what is missing, then runs the deployment test. Its exit code 77 means: not possible here.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkNode } from './setup/check-node.mjs';
import { installDependencies } from './setup/install-dependencies.mjs';
import { ROOT } from './setup/root.mjs';
import { runScript } from './setup/run-script.mjs';

await runScript(async () => {
  checkNode();
  await installDependencies();
  const args = ['--import', 'tsx', join(ROOT, 'test/deploy/main.ts'), ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
});
