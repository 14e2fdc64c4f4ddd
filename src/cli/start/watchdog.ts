// Stops the programs that `npm start` started if `npm start` itself was killed. It receives the leaders of the process
// groups, in the order of their start, and acts when its channel closes.
import { endProcessGroup } from './process-group.js';

/** The process groups that are running now. */
export interface WatchdogMessage {
  readonly leaders: readonly number[];
}

const GRACE_MS = 10_000;

let leaders: readonly number[] = [];
process.on('message', (message: WatchdogMessage) => {
  leaders = message.leaders;
});
process.once('disconnect', () => void endAll());

/** In reverse order: programs before the Redis that they use. */
async function endAll(): Promise<void> {
  for (const leader of leaders.toReversed()) await endProcessGroup(leader, GRACE_MS);
}
