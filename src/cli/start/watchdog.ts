// The program that ends what `npm start` started when `npm start` itself was killed and could not.
// It receives the leaders of the process groups, first started first, and acts when its channel closes.
import { endProcessGroup } from './process-group.js';

/** What the watchdog receives: every group that runs now. */
export interface WatchdogMessage {
  readonly leaders: readonly number[];
}

const GRACE_MS = 10_000;

let leaders: readonly number[] = [];
process.on('message', (message: WatchdogMessage) => {
  leaders = message.leaders;
});
process.once('disconnect', () => void endAll());

/** Last started first: programs before the Redis they use. */
async function endAll(): Promise<void> {
  for (const leader of leaders.toReversed()) await endProcessGroup(leader, GRACE_MS);
}
