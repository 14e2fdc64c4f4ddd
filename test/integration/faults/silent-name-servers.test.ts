import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { type Service, startService } from '../../support/programs/service.js';
import { type DnsServer, startDnsServer } from '../../support/servers/dns-server.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';

const [LOUD, QUIET] = ['loud-0123456789abcdef', 'quiet-0123456789abcdef'];
/** A healthy answer takes a fraction of a second; one that waits for a silent name server takes four and more, ms. */
const ANSWERED_WITHIN_MS = 3_000;
const SILENT_JOBS = 6;

let dns: DnsServer;
let images: ImageServer;
let photos: PhotoSet;
let service: Service;

beforeAll(async () => {
  dns = await startDnsServer();
  dns.answer('photos.acme.com', { addresses: ['127.0.0.1'] });
  images = await startImageServer();
  photos = await servePhotos(images);
  service = await startService({
    env: {
      API_KEYS: `loud:${LOUD},quiet:${QUIET}`,
      DNS_SERVERS: dns.address,
      ALLOWED_PRIVATE_HOSTS: '127.0.0.1,photos.acme.com',
    },
  });
});

afterAll(async () => {
  await service?.stop();
  await images?.stop();
  await dns?.stop();
});

const authorize = (key: string) => ({ authorization: `Bearer ${key}` });

/** Photos of the quiet tenant, by name, so that its jobs need the name server too. */
function healthyRequest() {
  const named = Object.entries(photos.same).map(([field, url]) => [
    field,
    url.replace('127.0.0.1', 'photos.acme.com'),
  ]);
  return { user_id: 'quiet', ...Object.fromEntries(named) };
}

/** Four photos and a callback on hosts whose name servers never answer. */
function silentRequest(index: number) {
  const url = (kind: string): string => {
    dns.answer(`${kind}${index}.silent-site.com`, 'silence');
    return `http://${kind}${index}.silent-site.com/a.jpg`;
  };
  const images = {
    front_image1: url('a'),
    front_image2: url('b'),
    front_image3: url('c'),
    back_image: url('d'),
  };
  return { user_id: 'loud', ...images, callback_url: url('hook') };
}

it('answers one tenant while the name servers of another stay silent', { timeout: 60_000 }, async () => {
  const accepted = await Promise.all(
    Array.from({ length: SILENT_JOBS }, (_, index) =>
      service.post('/jobs', silentRequest(index), authorize(LOUD)),
    ),
  );
  await vi.waitFor(
    () =>
      expect(dns.questions.filter((one) => one.endsWith('silent-site.com')).length).toBeGreaterThan(
        SILENT_JOBS * 4,
      ),
    60_000,
  );

  for (let request = 0; request < 5; request += 1) {
    const startedAt = performance.now();
    const answer = await service.post('/compare-faces', healthyRequest(), authorize(QUIET));

    expect(answer.body).toEqual({ user_id: 'quiet', matched: true });
    expect(performance.now() - startedAt).toBeLessThan(ANSWERED_WITHIN_MS);
  }

  for (const { body } of accepted) {
    const view = await service.get(String(body.status_url), { prefer: 'wait=30', ...authorize(LOUD) });
    expect(view.body).toMatchObject({ status: 'failed', error: { code: 'image_fetch_failed' } });
  }
});
