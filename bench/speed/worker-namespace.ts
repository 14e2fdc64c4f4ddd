import { spawnSync } from 'node:child_process';

/** A network namespace for workers, connected to ours by a virtual cable, like two machines next to each other. */
export interface WorkerNamespace {
  /** Address of our end, where workers find Redis and the photos. */
  readonly hostAddress: string;
  /** Address of the workers' end. */
  readonly workerAddress: string;
  /** Command prefix that runs a command inside. */
  readonly enter: readonly string[];
  remove(): void;
}

const NAME = 'face-bench';
const OUR_END = 'face-bench-0';
const THEIR_END = 'face-bench-1';
const HOST_ADDRESS = '10.77.0.1';
const WORKER_ADDRESS = '10.77.0.2';

/** Creates the namespace; undefined if this user is not allowed to, or `ip` is missing. */
export function createWorkerNamespace(): WorkerNamespace | undefined {
  const inside = ['netns', 'exec', NAME, 'ip'];
  const steps = [
    ['netns', 'add', NAME],
    ['link', 'add', OUR_END, 'type', 'veth', 'peer', 'name', THEIR_END, 'netns', NAME],
    ['addr', 'add', `${HOST_ADDRESS}/30`, 'dev', OUR_END],
    ['link', 'set', OUR_END, 'up'],
    [...inside, 'addr', 'add', `${WORKER_ADDRESS}/30`, 'dev', THEIR_END],
    [...inside, 'link', 'set', THEIR_END, 'up'],
    [...inside, 'link', 'set', 'lo', 'up'],
  ];
  if (!steps.every(ip)) {
    remove();
    return undefined;
  }
  const enter = ['ip', 'netns', 'exec', NAME];
  return { hostAddress: HOST_ADDRESS, workerAddress: WORKER_ADDRESS, enter, remove };
}

/** Removing the namespace also removes the cable. */
function remove(): void {
  ip(['netns', 'del', NAME]);
}

function ip(args: readonly string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0;
}
