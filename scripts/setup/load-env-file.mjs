import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as util from 'node:util';
import { ROOT } from './root.mjs';
import { SetupError } from './setup-error.mjs';

const BLANK = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
/** A line `NAME=value`. A value in quotes may hold line breaks; elsewhere a # after a blank starts a comment. */
const ASSIGNMENT =
  /[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:(?:"[^"]*"|'[^']*'|`[^`]*`)[ \t]*(?:#[^\n]*)?|(?!["'`])[^\n\r#]*(?:(?<=[ \t])#[^\n]*)?)(?:\n|$)/y;

/**
 * Adds the settings of a .env file to `environment`. The environment wins, also where it names NAME_FILE and the file
 * names NAME. Returns `path`, the `names` that were added and `warnings`, a sentence for each setting that the environment
 * hides; undefined when the file does not exist.
 * @param path the file to read; absent: .env in the repository's root, if there is one
 * @throws SetupError when the file cannot be read or is malformed; its values are never quoted.
 */
export function loadEnvFile(environment = process.env, path = undefined) {
  const file = path ?? join(ROOT, '.env');
  if (path === undefined && !existsSync(file)) return undefined;
  const values = parseEnvText(readText(file), shorten(file));
  const names = Object.keys(values).sort();
  const winners = new Map(names.map((name) => [name, winnerOver(name, environment)]));
  const added = names.filter((name) => winners.get(name) === undefined);
  for (const name of added) environment[name] = values[name];
  const warnings = [...winners]
    .filter(([name, winner]) => winner !== undefined && environment[winner] !== values[name])
    .map(([name, winner]) => {
      const value = environment[winner] === '' ? `an empty ${winner}` : winner;
      return `${shorten(file)} sets ${name}, but the environment has ${value} and wins`;
    });
  return { path: shorten(file), names: added, warnings };
}

/** Returns the path that `--env-file PATH` or `--env-file=PATH` names, or undefined. */
export function envFileArgument(args) {
  const index = args.findIndex((arg) => arg === '--env-file' || arg.startsWith('--env-file='));
  if (index === -1) return undefined;
  const path = args[index].includes('=') ? args[index].slice('--env-file='.length) : args[index + 1];
  if (!path) throw new SetupError('--env-file needs the path of a file.');
  return path;
}

/**
 * Returns the variables of a .env text. Node's parser merges a line that it does not understand with the next one, which
 * may be the one that closes the service: such a line is refused, and Node sees assignments only.
 */
export function parseEnvText(text, file) {
  const plain = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const assignments = [];
  for (let at = 0; at < plain.length; ) {
    const assignment = matchAt(ASSIGNMENT, plain, at);
    const found = assignment ?? matchAt(BLANK, plain, at);
    if (!found) throw malformed(file, plain.slice(0, at).split('\n').length);
    if (assignment) assignments.push(assignment);
    at += found[0].length;
  }
  const values = util.parseEnv(assignments.map(([line]) => line.trim()).join('\n'));
  const lost = assignments.find(([, name]) => values[name] === undefined);
  if (lost) throw new SetupError(`${file}: Node cannot read the value of ${lost[1]}. Put it in quotes.`);
  return values;
}

function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function malformed(file, line) {
  return new SetupError(
    `${file}, line ${line}: this is neither NAME=value nor a comment, or a quote is not closed. ` +
      'A value with a # in it needs quotes.',
  );
}

/** Returns the variable of the environment that hides `name`: itself, or the other one of NAME and NAME_FILE. */
function winnerOver(name, environment) {
  const other = name.endsWith('_FILE') ? name.slice(0, -'_FILE'.length) : `${name}_FILE`;
  if (environment[name] !== undefined) return name;
  return environment[other] ? other : undefined;
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = { ENOENT: 'it does not exist', EACCES: 'this user may not', EISDIR: 'it is a folder' };
    throw new SetupError(`Cannot read ${file}: ${reason[error.code] ?? error.message}.`);
  }
}

function shorten(path) {
  const short = relative(ROOT, path);
  return short.startsWith('..') ? path : short;
}
