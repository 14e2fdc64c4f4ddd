import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import { readText } from '../runtime/read-text.js';

/** Common mount points of the cpu controller of cgroup v1, and of cgroup v2 alone or beside v1. */
const V1_MOUNTS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'];
const V2_MOUNTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * Returns how many cores this process can use at a time, possibly a fraction: the cores that it can run on, or the CPU
 * quota of its container if that is lower. `os.availableParallelism` of Node 20 does not see the quota.
 * @see Linux: Documentation/admin-guide/cgroup-v2.rst (cpu.max), Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us)
 */
export function cpuLimit(read = readText, cores = availableParallelism()): number {
  const quotas = (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => quotasOf(line, read));
  return Math.min(cores, ...quotas);
}

/** Returns the quotas, in cores, for a line of /proc/self/cgroup: `hierarchy:controllers:path`; v2 has no controllers. */
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
 * Returns a group and all groups above it, because the lowest quota among them counts. In a container the path can be the
 * host's, which does not exist inside; then the root is the container's own group.
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

/** `max` (v2), -1 (v1) and anything unreadable mean that there is no quota. */
function toCores(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}
