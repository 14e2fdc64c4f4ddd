import { SetupError } from './setup-error.mjs';

/** Runs the body of a script: a SetupError ends it with its message alone, anything else with its stack. */
export async function runScript(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}` : error);
    process.exit(1);
  }
}
