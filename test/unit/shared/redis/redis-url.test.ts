import { describe, expect, it } from 'vitest';
import { describeRedis, parseRedisUrl } from '../../../../src/shared/redis/redis-url.js';

describe('parseRedisUrl', () => {
  it('reads a plain URL with its defaults', () => {
    expect(parseRedisUrl('redis://cache')).toEqual({
      kind: 'single',
      nodes: [{ host: 'cache', port: 6379 }],
      sentinelAccess: {},
      access: { db: 0 },
    });
  });

  it('reads credentials, port and database', () => {
    expect(parseRedisUrl('redis://user:p%40ss:word@10.0.0.1:7000/3')).toMatchObject({
      nodes: [{ host: '10.0.0.1', port: 7000 }],
      access: { db: 3, username: 'user', password: 'p@ss:word' },
    });
  });

  it('reads a password without a user', () => {
    expect(parseRedisUrl('redis://:secret@cache').access).toEqual({ db: 0, password: 'secret' });
  });

  it('turns TLS on for rediss', () => {
    expect(parseRedisUrl('rediss://cache?servername=redis.internal').access.tls).toEqual({
      servername: 'redis.internal',
    });
  });

  it('reads the sentinels and their group', () => {
    expect(parseRedisUrl('redis+sentinel://:pw@s1:26380,s2,s3/mymaster/1')).toMatchObject({
      kind: 'sentinel',
      group: 'mymaster',
      nodes: [
        { host: 's1', port: 26380 },
        { host: 's2', port: 26379 },
        { host: 's3', port: 26379 },
      ],
      access: { db: 1, password: 'pw' },
    });
  });

  it('reads how to log in at the sentinels', () => {
    expect(
      parseRedisUrl('redis+sentinel://:pw@s1/mymaster?sentinelUsername=watcher&sentinelPassword=p%26w'),
    ).toMatchObject({
      access: { db: 0, password: 'pw' },
      sentinelAccess: { username: 'watcher', password: 'p&w' },
    });
  });

  it('reads the nodes of a cluster, IPv6 among them', () => {
    expect(parseRedisUrl('redis+cluster://n1:7001,[::1]:7002')).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'n1', port: 7001 },
        { host: '::1', port: 7002 },
      ],
    });
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /redis:\/\/host/],
    ['http://x', /redis:\/\/host/],
    ['redis://', /redis:\/\/host/],
    ['redis://a,b', /several hosts/],
    ['redis://a:0', /port/],
    ['redis://a:99999', /port/],
    ['redis://a/x', /database/],
    ['redis://a/0x1', /database/],
    ['redis://a/-1', /database/],
    ['redis://a/1/2', /database/],
    ['redis+cluster://a/1', /database 0/],
    ['redis+sentinel://a', /group/],
    ['redis://a?db=1', /parameter/],
    ['rediss://a?ca=/nowhere/ca.pem', /ca/],
    ['redis://:100%@a', /%25/],
    ['redis://:se/cret@a:6379', /password/],
    ['redis://:p@cret@a', /password/],
  ];
  for (const [url, reason] of wrong) {
    it(`says why it refuses ${JSON.stringify(url)}, without a piece of the password`, () => {
      expect(() => parseRedisUrl(url)).toThrow(reason);
      expect(() => parseRedisUrl(url)).not.toThrow(/cret|100%/);
    });
  }

  it('shows hosts and database in logs, and neither user nor password', () => {
    expect(describeRedis(parseRedisUrl('redis://user:secret@[::1]:7000/3'))).toBe('[::1]:7000/3');
    expect(describeRedis(parseRedisUrl('redis+sentinel://:secret@s1,s2/main'))).toBe('s1:26379,s2:26379/0');
  });
});
