// `npm run test:observability`: checks alerts and dashboard with a real Prometheus, which it unpacks where there is none.
// A machine that cannot get one skips them. With --calm, as `npm run calm`, it watches a healthy service instead.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findPrometheus } from './setup/find-prometheus.mjs';
import { findRedis } from './setup/find-redis.mjs';
import { prepareLite, prepareProgram } from './setup/prepare.mjs';
import { ROOT } from './setup/root.mjs';
import { runScript } from './setup/run-script.mjs';
import { Interrupted, SetupError } from './setup/setup-error.mjs';

await runScript(async () => {
  await prepareProgram();
  await prepareLite();
  await findRedis();
  const programs = await findPrometheus().catch((error) => {
    if (error instanceof Interrupted || !(error instanceof SetupError)) throw error;
    console.log(`SKIPPED alerts and dashboard: ${error.message}`);
  });
  if (!programs) return;
  const [first, ...others] = process.argv.slice(2);
  const command =
    first === '--calm'
      ? ['--import', 'tsx', join(ROOT, 'bench/calm/main.ts'), ...others]
      : [
          join(ROOT, 'node_modules/vitest/vitest.mjs'),
          'run',
          '--config',
          join(ROOT, 'test/observability/vitest.config.ts'),
          ...process.argv.slice(2),
        ];
  const child = spawn(process.execPath, command, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PROMETHEUS_FOLDER: programs },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
});
