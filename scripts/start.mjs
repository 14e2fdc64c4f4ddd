// `npm start`: sets up what is missing, then runs the whole service until Ctrl-C.
import { findRedis } from './setup/find-redis.mjs';
import { importBuilt, prepareLite, prepareProgram } from './setup/prepare.mjs';
import { runScript } from './setup/run-script.mjs';
import { SetupError } from './setup/setup-error.mjs';

await runScript(async (watch) => {
  const startedAt = Date.now();
  const environment = process.env;
  await prepareProgram();
  const model = environment.INSIGHTFACE_MODEL || 'lite';
  if (model === 'lite') await prepareLite(environment.MODELS_DIR || undefined);
  const { startService } = await importBuilt('cli/start.js');
  const options = {
    args: process.argv.slice(2),
    environment,
    findRedis,
    startedAt,
    parent: watch.parent,
  };
  watch.end();
  await startService(options).catch((error) => {
    if (error.name === 'StartError') throw new SetupError(error.message);
    throw error;
  });
});
