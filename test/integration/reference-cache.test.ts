import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../src/cli/start/ports.js';
import { evidenceSchema } from '../../src/shared/contract/evidence.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let metricsUrl: string;

beforeAll(async () => {
  const port = await freePort();
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  images = await startImageServer();
  photos = await servePhotos(images);
  service = await startService({ env: { REFERENCE_CACHE_SIZE: '10', WORKER_PORT: String(port) } });
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
});

it('decides the same with a cached reference, and never takes a probe from the cache', async () => {
  const request = { user_id: 'u-1', ...photos.same, evidence: true };
  const first = await service.post('/compare-faces', request);
  const second = await service.post('/compare-faces', request);

  const [fresh, kept] = [first, second].map((answer) => evidenceSchema.parse(answer.body.evidence));
  expect(kept?.images).toEqual(fresh?.images);
  const metrics = await (await fetch(metricsUrl)).text();
  expect(metrics).toMatch(/face_reference_lookups_total\{result="miss",service="worker"\} 1\n/);
  expect(metrics).toMatch(/face_reference_lookups_total\{result="hit",service="worker"\} 1\n/);
});
