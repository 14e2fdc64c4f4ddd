import type { z } from 'zod';
import { parseReceiptKeys } from '../receipts/receipt-keys.js';
import { type Environment, noFindings, readSetting } from './read-setting.js';
import { apiVariables, clientVariables, workerVariables } from './variables.js';

const VARIABLES: Readonly<Record<'api' | 'worker', Readonly<Record<string, z.ZodType>>>> = {
  api: apiVariables,
  worker: workerVariables,
};

/** Settings that hold a secret, or name a file of secrets. The command `face-verify` reads the same .env. */
export const SECRET_SETTINGS: readonly string[] = [
  ...new Set(
    [...Object.values(VARIABLES), clientVariables].flatMap((variables) =>
      Object.entries(variables).flatMap(([name, schema]) => (schema.meta()?.secret === true ? [name] : [])),
    ),
  ),
];

/**
 * Returns what a program gets of an environment that it shares with others: everything but the secrets that it does not
 * use. The API gets the public halves of RECEIPT_KEYS. A wrong RECEIPT_KEYS stays, so that the program reports it.
 */
export function environmentFor(program: 'api' | 'worker', env: Environment): Environment {
  const own = without(
    env,
    SECRET_SETTINGS.filter((name) => !(name in VARIABLES[program])),
  );
  const text = readSetting(env, 'RECEIPT_KEYS', noFindings());
  if (program === 'worker' || text === undefined) return own;
  const { keys, problems } = parseReceiptKeys(text);
  if (problems.length > 0) return own;
  const published = JSON.stringify({ keys: keys.map((key) => key.published) });
  return { ...without(own, ['RECEIPT_KEYS']), RECEIPT_KEYS: published };
}

/** Removes settings, given directly or as `<name>_FILE`. */
function without(env: Environment, names: readonly string[]): Environment {
  const removed = new Set(names.flatMap((name) => [name, `${name}_FILE`]));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !removed.has(name)));
}
