import { SetupError } from './setup-error.mjs';

const NEEDED = [20, 18, 1];

/**
 * Returns nothing when this Node can run the service.
 * @throws SetupError naming the version that is needed.
 */
export function checkNode(version = process.versions.node) {
  const parts = version.split('.').map(Number);
  const differing = NEEDED.findIndex((needed, index) => parts[index] !== needed);
  if (differing === -1 || parts[differing] > NEEDED[differing]) return;
  throw new SetupError(
    `This needs Node ${NEEDED.join('.')} or newer; you run ${version}. See https://nodejs.org`,
  );
}
