import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../../src/cli/start/ports.js';
import { untilRedisAnswers } from '../../../../../src/cli/start/redis/until-redis-answers.js';
import { parseRedisUrl } from '../../../../../src/shared/redis/redis-url.js';
import { type RedisServer, startRedis } from '../../../../support/servers/redis-server.js';

describe('untilRedisAnswers', () => {
  it('names host and port when nobody listens there', async () => {
    const port = await freePort();

    await expect(untilRedisAnswers(parseRedisUrl(`redis://:secret@127.0.0.1:${port}/2`))).rejects.toThrow(
      `No Redis answers at 127.0.0.1:${port} (REDIS_URL): the connection was refused.`,
    );
  });

  it('names host and port of a machine that never answers', async () => {
    const silent: Server = createServer();
    const port = await freePort();
    silent.listen(port, '127.0.0.1');

    await expect(untilRedisAnswers(parseRedisUrl(`redis://127.0.0.1:${port}`))).rejects.toThrow(
      `No Redis answers at 127.0.0.1:${port} (REDIS_URL)`,
    );
    silent.close();
  });

  describe('with a server', () => {
    let redis: RedisServer;
    beforeEach(async () => {
      redis = await startRedis(['--user', 'someone', 'on', '>right', '~*', '+@all']);
    });
    afterEach(() => redis.stop());

    it('returns once it answers', async () => {
      await expect(untilRedisAnswers(parseRedisUrl(redis.url))).resolves.toBeUndefined();
    });

    it('reports a refused password immediately', async () => {
      const { host } = new URL(redis.url);

      await expect(untilRedisAnswers(parseRedisUrl(`redis://someone:wrong@${host}`))).rejects.toThrow(
        `The Redis at ${host} (REDIS_URL) refuses the login: WRONGPASS`,
      );
    });
  });
});
