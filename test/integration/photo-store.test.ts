import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyspace } from '../../src/shared/queue/keyspace.js';
import { createPhotoCipher } from '../../src/shared/uploads/photo-cipher.js';
import { cutIntoPieces } from '../../src/shared/uploads/photo-pieces.js';
import { photoExpiry, readPhoto, removePhotos, writePhotos } from '../../src/shared/uploads/photo-store.js';
import { createUploadLedger } from '../../src/shared/uploads/upload-ledger.js';
import { UPLOAD_KEY } from '../support/photos/upload-photos.js';
import { type RedisServer, startRedis } from '../support/servers/redis-server.js';

const keys = createKeyspace({ prefix: '{face}', model: 'lite' });
const cipher = createPhotoCipher([UPLOAD_KEY])!;
const bytes = randomBytes(300_000);
const place = { jobId: 'r_1', uploadId: 'u', bytes: bytes.length };
const stored = { kind: 'stored', size: bytes.length, sha256: 'aa' } as const;
const images = { front_image1: 'https://a', front_image2: 'https://b', front_image3: 'https://c' };
const job = { images: { ...images, back_image: stored }, upload_id: 'u' };
const upload = { kind: 'upload', pieces: cutIntoPieces(bytes), size: bytes.length, sha256: 'aa' } as const;
const inTurn = (write: () => Promise<void>) => write();
const photos = new Map([['back_image', upload]] as const);

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

describe('stored photos', () => {
  it('are gone if any of their pieces is', async () => {
    const now = Date.now();
    const expiresAt = photoExpiry(now + 60_000);
    const options = { redis, keys, cipher, inTurn };
    await createUploadLedger(options).reserve(place, { now, expiresAt, limit: 1_000_000 });
    await writePhotos(photos, { ...place, expiresAt }, options);
    const fields = await redis.hkeys(keys.photos(place));
    await redis.hdel(keys.photos(place), 'back_image:1');

    expect(fields.sort()).toEqual(['back_image', 'back_image:1', 'back_image:2']);
    expect(await readPhoto({ ...place, image: 'back_image', size: bytes.length }, options)).toBeUndefined();
    await removePhotos(place.jobId, job, options);
  });

  it('are refused once their job was given up, and are gone with their reservation', async () => {
    const now = Date.now();
    const expiresAt = photoExpiry(now + 60_000);
    const options = { redis, keys, cipher, inTurn };
    const ledger = createUploadLedger(options);
    await ledger.reserve(place, { now, expiresAt, limit: 1_000_000 });
    await writePhotos(photos, { ...place, expiresAt }, options);

    expect(await readPhoto({ ...place, image: 'back_image', size: bytes.length }, options)).toEqual(bytes);
    expect(await redis.pexpiretime(keys.photos(place))).toBe(expiresAt);

    await removePhotos(place.jobId, job, options);
    await expect(writePhotos(photos, { ...place, expiresAt }, options)).rejects.toThrow('given up');

    expect(await redis.keys('*')).toEqual([]);
  });
});
