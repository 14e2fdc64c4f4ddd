import { describe, expect, it } from 'vitest';
import { cpuLimit } from '../../../../src/shared/config/cpu-limit.js';

const reading = (files: Readonly<Record<string, string>>) => (path: string) => files[path];

describe('cpuLimit', () => {
  it('is the number of cores where nothing limits the group', () => {
    expect(cpuLimit(reading({}), 8)).toBe(8);
    expect(
      cpuLimit(reading({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }), 8),
    ).toBe(8);
    expect(
      cpuLimit(
        reading({
          '/proc/self/cgroup': '3:cpu,cpuacct:/docker/abc\n',
          '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '-1\n',
          '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n',
        }),
        8,
      ),
    ).toBe(8);
  });

  it('reads the quota of a container under cgroup v2, fractions included', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' };

    expect(cpuLimit(reading(files), 8)).toBe(1.5);
  });

  it('takes the least quota on the way up to the root', () => {
    const files = {
      '/proc/self/cgroup': '0::/pods.slice/pod1/main\n',
      '/sys/fs/cgroup/pods.slice/cpu.max': '600000 100000\n',
      '/sys/fs/cgroup/pods.slice/pod1/cpu.max': '200000 100000\n',
      '/sys/fs/cgroup/pods.slice/pod1/main/cpu.max': 'max 100000\n',
    };

    expect(cpuLimit(reading(files), 8)).toBe(2);
  });

  it("reads the quota under cgroup v1, also where the path is the host's and not there", () => {
    const files = {
      '/proc/self/cgroup': '9:name=systemd:/\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    };

    expect(cpuLimit(reading(files), 8)).toBe(2.5);
  });

  it('is never more than the cores', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '1600000 100000\n' };

    expect(cpuLimit(reading(files), 4)).toBe(4);
  });

  it('takes damaged files for no limit', () => {
    for (const text of ['', 'nonsense', '0 100000', '100000', '100000 0']) {
      const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': text };

      expect(cpuLimit(reading(files), 4)).toBe(4);
    }
  });
});
