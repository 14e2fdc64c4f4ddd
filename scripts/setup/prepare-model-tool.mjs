import { prepareConfigured, prepareLite } from './prepare.mjs';

/**
 * Ensures the program exists, and the model pack `lite` when it is the one in use: as with `npm start`, it is unless
 * INSIGHTFACE_MODEL or --pack names another.
 */
export async function prepareModelTool(args = process.argv.slice(2), environment = process.env) {
  await prepareConfigured(environment);
  environment.INSIGHTFACE_MODEL ||= 'lite';
  const given = args.find((arg, index) => args[index - 1] === '--pack' || arg.startsWith('--pack='));
  const pack = given?.replace('--pack=', '') ?? environment.INSIGHTFACE_MODEL;
  if (pack === 'lite') await prepareLite(environment.MODELS_DIR || undefined);
}
