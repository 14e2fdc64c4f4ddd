import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzContract } from '../support/fuzz/fuzz-contract.js';
import { cropFace, sampleFace } from '../support/photos/photos.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const API_KEY = 'fuzz-key-0123456789abcdef';
const ADMIN_KEY = 'fuzz-admin-0123456789abcdef';

let images: ImageServer;
let service: Service;

beforeAll(async () => {
  images = await startImageServer();
  service = await startService({
    env: { API_KEYS: `fuzz:${API_KEY}`, ADMIN_API_KEYS: `ops:${ADMIN_KEY}`, SYNC_WAIT_TIMEOUT: '20' },
  });
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
});

async function serveStranger(face: number): Promise<string> {
  return images.serve(`/stranger${face}.jpg`, await cropFace(sampleFace(face), { widthPx: 160 }));
}

describe('requests made by chance (npm run fuzz sends more of them)', () => {
  it('meet no 500, no hang, no match and no end of a process', async () => {
    const strangers = [
      await serveStranger(3),
      await serveStranger(13),
      await serveStranger(18),
      await serveStranger(0),
    ] as const;

    const { answers, findings } = await fuzzContract({
      origin: service.origin,
      material: {
        strangers,
        useless: [
          `${images.origin}/gone.jpg`,
          images.serve('/broken.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0])),
        ],
        apiKey: API_KEY,
        adminKey: ADMIN_KEY,
      },
      count: 800,
      seed: 6,
      inFlight: 16,
      limitMs: 21_000,
    });

    expect(findings).toEqual([]);
    // Otherwise the requests are too wild or too tame to try anything.
    expect(Object.keys(answers)).toEqual(
      expect.arrayContaining(['202', '400 invalid_json', '422 invalid_request', '422 image_not_available']),
    );
    expect(service.workers.map((worker) => worker.process.exitCode)).toEqual([null]);
    expect(JSON.stringify(service.workers[0]?.lines)).not.toMatch(/"matched":true|unexpected failure/);
    expect((await service.get('/health/ready')).status).toBe(200);
  });
});
