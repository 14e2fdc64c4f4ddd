import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../../src/shared/redis-url.js';

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
    expect(parseRedisUrl('redis://:secret@cache')?.access).toEqual({ db: 0, password: 'secret' });
  });

  it('turns TLS on for rediss', () => {
    expect(parseRedisUrl('rediss://cache?servername=redis.internal')?.access.tls).toEqual({
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

  for (const url of [
    '',
    'http://x',
    'redis://',
    'redis://a,b',
    'redis://a:0',
    'redis://a:99999',
    'redis://a/x',
    'redis+sentinel://a',
  ]) {
    it(`refuses ${JSON.stringify(url)}`, () => {
      expect(parseRedisUrl(url)).toBeUndefined();
    });
  }
});
