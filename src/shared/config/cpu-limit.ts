import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { readText } from '../runtime/read-text.js';

/** Where the systems in use mount the cpu controller of cgroup v1, and cgroup v2 alone or beside v1. */
const V1_MOUNTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'];
const V2_MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * Returns the cores this process may use at a time, possibly a fraction: those it may run on, or less where a container
 * has a CPU quota, which `os.availableParallelism` of Node 20 does not see. Without any quota, or on another system
 * than Linux, the former alone.
 * @see Linux: Documentation/admin-guide/cgroup-v2.rst (cpu.max), Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us)
 */
export function cpuLimit(read = readText, cores = availableParallelism()): number {
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => quotasOf(line, read));
  return Math.min(cores, ...quotas);
}

/** The quotas, in cores, of one line of /proc/self/cgroup: `hierarchy:controllers:path`; version 2 has no controllers. */
function quotasOf(line: string, read: typeof readText): number[] {
  const [hierarchy, controllers = '', ...rest] = line.split(':');
  const path = rest.join(':');
  if (hierarchy === '0' && controllers === '') {
    return V2_MOUNTS.flatMap((mount) =>
      ancestorsOf(path).map((group) => readV2(posix.join(mount, group), read)),
    );
  }
  if (!controllers.split(',').includes('cpu')) return [];
  return V1_MOUNTS.flatMap((mount) =>
    ancestorsOf(path).map((group) => readV1(posix.join(mount, group), read)),
  );
}

/**
 * A group and all above it, for the least quota on the way counts. In a container the path may be the host's, which
 * does not exist inside; the root then is the container's own group.
 */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, index) => `/${parts.slice(0, index).join('/')}`);
}

function readV2(group: string, read: typeof readText): number {
  const [quota, period] = (read(posix.join(group, 'cpu.max')) ?? '').trim().split(' ');
  return toCores(quota, period);
}

function readV1(group: string, read: typeof readText): number {
  const quota = read(posix.join(group, 'cpu.cfs_quota_us'))?.trim();
  return toCores(quota, read(posix.join(group, 'cpu.cfs_period_us'))?.trim());
}

/** `max` of version 2 and -1 of version 1 stand for no quota, as does anything unreadable. */
function toCores(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}
