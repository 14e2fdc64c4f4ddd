import { Redis } from 'ioredis';

/** What a Redis has done and holds at a moment. Counts since its start. */
export interface RedisUsage {
  /** Commands of clients and of scripts, without those that read these figures. */
  readonly commands: number;
  /** Scripts among them. */
  readonly scripts: number;
  readonly cpuMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Memory without that of clients, the file's buffer and the stream of events, whose length is limited, bytes. */
  readonly memoryBytes: number;
}

/** Commands of `readUsage` itself. */
const OWN_COMMANDS = new Set(['info', 'memory|usage', 'scan']);

/** Returns a reader of the usage of this Redis. */
export function openRedisUsage(url: string): { read(): Promise<RedisUsage>; close(): void } {
  const redis = new Redis(url);
  return {
    read: async () => {
      const info = await redis.info('everything');
      const value = (name: string): number => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1] ?? 0);
      const calls = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
        ([, name = '', count]) => [name, Number(count)] as const,
      );
      const sum = (isCounted: (name: string) => boolean): number =>
        calls.reduce((total, [name, count]) => total + (isCounted(name) ? count : 0), 0);
      return {
        commands: sum((name) => !OWN_COMMANDS.has(name)),
        scripts: sum((name) => name.startsWith('eval')),
        cpuMs: (value('used_cpu_user') + value('used_cpu_sys')) * 1_000,
        bytesIn: value('total_net_input_bytes'),
        bytesOut: value('total_net_output_bytes'),
        memoryBytes:
          value('used_memory') -
          value('mem_clients_normal') -
          value('mem_aof_buffer') -
          (await streamBytes(redis)),
      };
    },
    close: () => redis.disconnect(),
  };
}

async function streamBytes(redis: Redis): Promise<number> {
  const [, streams] = await redis.scan('0', 'COUNT', 1_000_000, 'TYPE', 'stream');
  const sizes = await Promise.all(streams.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
