// `npm start`: sets up what is missing, then runs the whole service until Ctrl-C.
import { checkNode } from './setup/check-node.mjs';
import { findRedis } from './setup/find-redis.mjs';
import { envFileArgument, loadEnvFile } from './setup/load-env-file.mjs';
import { importBuilt, prepareLite, prepareProgram } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';
import { SetupError } from './setup/setup-error.mjs';
import { showStep } from './setup/show-step.mjs';

await runScript(async (watch) => {
  const startedAt = Date.now();
  const environment = process.env;
  const args = process.argv.slice(2);
  checkNode();
  const envFile = loadEnvFile(environment, envFileArgument(args));
  const bringsRedis = environment.REDIS_URL || environment.REDIS_URL_FILE;
  // Before all that takes minutes: without a Redis the rest is of no use.
  const redis = bringsRedis ? undefined : await findRedis();
  await prepareProgram();
  const model = environment.INSIGHTFACE_MODEL || 'lite';
  if (model === 'lite') await prepareLite(environment.MODELS_DIR || undefined);
  const { startService } = await importBuilt('cli/start.js');
  const options = {
    args,
    environment,
    envFile,
    redis,
    showStep,
    startedAt,
    parent: watch.parent,
  };
  watch.end();
  await startService(options).catch((error) => {
    if (error.name === 'UserError') throw new SetupError(error.message);
    throw error;
  });
});
