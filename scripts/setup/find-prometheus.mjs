import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT } from './root.mjs';
import { SetupError } from './setup-error.mjs';
import { showStep } from './show-step.mjs';
import { canUnpackPackages, unpackPackages } from './unpack-packages.mjs';

const PACKAGE = 'prometheus';
const FOLDER = join(ROOT, '.prometheus');
/** Debian puts both programs of the package here. */
const UNPACKED = join(FOLDER, 'root', 'usr', 'bin');
const PROGRAMS = ['prometheus', 'promtool'];

/**
 * Returns the folder of `prometheus` and `promtool`. Where the system has none, Debian's package is unpacked below
 * .prometheus for this checkout alone.
 * @throws SetupError that says what to do.
 */
export async function findPrometheus(path = process.env.PATH ?? '') {
  const found = [...path.split(delimiter), UNPACKED].find(holdsPrograms);
  if (found) return found;
  if (!canUnpackPackages())
    throw new SetupError(
      'No prometheus and promtool found: install them from https://prometheus.io/download.',
    );
  // Its web pages need further packages; the programs do not.
  const options = { candidates: [PACKAGE], isNeeded: (name) => name === PACKAGE };
  await showStep('Unpacking a Prometheus for this folder alone', () => unpackPackages(FOLDER, options));
  return UNPACKED;
}

function holdsPrograms(folder) {
  return PROGRAMS.every((name) => existsSync(join(folder, name)));
}
