// `npm run test:deploy`: builds the images, runs compose and applies the chart on this machine, with real programs that it
// installs into a cache of its own. It ends with 0 if everything passed, 1 if something failed, and 77 if this machine
// cannot run it. `--only compose` or `--only chart` runs one half.
import { CACHE, lockCache } from './support/cache.js';
import { testChart } from './support/chart/chart-steps.js';
import { testCompose } from './support/compose/compose-steps.js';
import { removeCgroups } from './support/compose/engine.js';
import { findDebianPrograms } from './support/debian-programs.js';
import { dropGoCaches } from './support/go-programs.js';
import { findObstacle } from './support/machine.js';
import { type Half, readHalf } from './support/read-half.js';
import { Report } from './support/report.js';
import { killRunning } from './support/run.js';
import { stopServers } from './support/server.js';

const WRONG_USE = 64;
const SKIPPED = 77;
const INTERRUPTED = 130;

const only = readOnly();
const obstacle = await findObstacle();
if (obstacle) {
  console.log(`SKIPPED the deployment test: ${obstacle}.`);
  process.exit(SKIPPED);
}
const unlock = lockCache();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    killRunning();
    void stopServers()
      .then(removeCgroups)
      .finally(() => {
        unlock();
        process.exit(INTERRUPTED);
      });
  });

const report = new Report();
console.log(`Programs, images and caches are stored in ${CACHE}.`);
const programs = await report.step('Debian packages that this machine lacks', async () => {
  const found = await findDebianPrograms();
  return [found, found.unpacked.join(', ') || 'none'];
});
if (programs && only !== 'chart') await testCompose(report, programs);
if (programs && only !== 'compose') await testChart(report, programs);
await stopServers();
if (!report.failed && only === undefined) dropGoCaches();
unlock();
console.log(`\n${report}`);
process.exitCode = report.failed ? 1 : 0;

function readOnly(): Half | undefined {
  try {
    return readHalf(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(WRONG_USE);
  }
}
