import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { erasedJobsSchema } from '../../src/api/operations/erase-user-jobs.js';
import { healthSchema } from '../../src/api/operations/get-health.js';
import { readinessSchema } from '../../src/api/operations/get-readiness.js';
import { modelsSchema } from '../../src/api/operations/list-models.js';
import { createReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';
import { type PhotoFiles, writePhotoFiles } from '../support/photos/photo-files.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { UPLOAD_KEY } from '../support/photos/upload-photos.js';
import { type Browser, findBrowser, type Page, startBrowser } from '../support/programs/browser.js';
import {
  API_KEY,
  placesOf,
  press,
  textOf,
  typeKey,
  unexpected,
  verdict,
  waitForPictures,
} from '../support/programs/demo-page.js';
import { type Service, startService } from '../support/programs/service.js';
import { dropFiles, pressKey } from '../support/programs/user-input.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const ADMIN_KEY = 'a-key-of-the-operators';
const binary = findBrowser();

let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let files: PhotoFiles;
let browser: Browser | undefined;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  files = await writePhotoFiles();
  const samples = [photos.same.front_image1, photos.same.front_image2, photos.same.front_image3];
  service = await startService({
    env: {
      API_KEYS: `demo:${API_KEY}`,
      ADMIN_API_KEYS: `ops:${ADMIN_KEY}`,
      UPLOAD_KEYS: UPLOAD_KEY,
      RECEIPT_KEYS: createReceiptKeys(),
      MAX_IMAGE_BYTES: '5000000',
      DEMO_PHOTOS: [...samples, photos.same.back_image, photos.other].join(','),
    },
  });
  browser = binary ? startBrowser(binary) : undefined;
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
  await images?.stop();
  await files?.remove();
});

const withKey = { 'x-api-key': API_KEY };

describe('the answers of the service itself', () => {
  it('match the OpenAPI document and contain nothing else', async () => {
    const health = await service.get('/health');
    const ready = await service.get('/health/ready');
    const models = await service.get('/models', withKey);
    const erased = await service.call('/users/nobody/jobs', { method: 'DELETE', headers: withKey });

    expect(healthSchema.strict().parse(health.body)).toEqual({ status: 'ok', warnings: [] });
    expect(readinessSchema.strict().parse(ready.body)).toMatchObject({ status: 'ready', model: 'lite' });
    expect(
      modelsSchema
        .strict()
        .parse(models.body)
        .models.filter((pack) => pack.in_use),
    ).toHaveLength(1);
    expect(erasedJobsSchema.strict().parse(erased.body)).toEqual({ erased: 0, running: 0 });
  });

  it('leave the pages open to callers without a key', async () => {
    const statuses = await Promise.all(
      ['/', '/docs', '/docs/errors', '/openapi.json'].map(async (path) => (await service.get(path)).status),
    );

    expect(statuses).toEqual([200, 200, 200, 200]);
  });
});

describe.skipIf(!binary)('the demo page in a browser (skipped where no Chromium is installed)', () => {
  it('shows a match with a bar and a face for each photo', async () => {
    const page = await ask(photos.same);

    expect(await verdict(page)).toBe('matched');
    expect(await page.evaluate(`document.querySelectorAll('.card.matched .track').length`)).toBe(3);
    await page.waitFor(`document.querySelectorAll('.card .photo svg rect').length === 4`);
    expect(unexpected(page)).toEqual([]);
  });

  it('shows the photos of another person as not matched', async () => {
    const { other } = photos;

    const page = await ask({
      ...photos.same,
      front_image1: other,
      front_image2: other,
      front_image3: other,
    });

    expect(await verdict(page)).toBe('not_matched');
    expect(unexpected(page)).toEqual([]);
  });

  it('marks a borderline result, and shows the receipt that was asked for', async () => {
    const page = await open({ ...photos.same, threshold: '0.69', review_margin: '0.2' });
    await typeKey(page);
    await page.evaluate(`document.querySelector('[name="receipt"]').click()`);

    await press(page, 'compare');

    expect(await verdict(page)).toBe('matched');
    expect(await textOf(page, '.verdict .notice')).toContain('Borderline');
    expect(await textOf(page, '#result details:has(button) pre')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('shows an undecided comparison as such, with the photo and the reason', async () => {
    const page = await ask({ ...photos.same, back_image: photos.faceless });

    expect(await verdict(page)).toBe('undecided');
    expect(await page.evaluate(`document.querySelector('.card.unusable').dataset.image`)).toBe('back_image');
    const link = `document.querySelector('.card.unusable .reason a')`;
    expect(await page.evaluate(`${link}.getAttribute('href')`)).toBe('docs/errors#face_not_found');
    expect(await page.evaluate(`${link}.target`)).toBe('_blank');
  });

  it('shows a refusal with each wrong field, and the reason at that photo', async () => {
    const page = await ask({ ...photos.same, front_image2: 'http://10.0.0.1/a.jpg' });

    expect(await verdict(page)).toBe('refused');
    expect(await textOf(page, '.reasons li')).toMatch(/^front_image2 image_url_forbidden /);
    expect(await textOf(page, '#front_image2-note')).toContain('host');
  });

  it('says at the photo why it could not be downloaded, and shows how the others compare', async () => {
    const page = await ask({
      ...photos.same,
      front_image1: photos.other,
      front_image2: `${images.origin}/gone.jpg`,
    });

    expect(await verdict(page)).toBe('undecided');
    expect(await textOf(page, '#front_image2-note')).toBe('The image host responded with status 404.');
    expect(
      await page.evaluate(`[...document.querySelectorAll('.card')].map((card) => card.classList[1])`),
    ).toEqual(['not_matched', 'unusable', 'matched', 'usable']);
  });

  it('asks for the key if the service requires one', async () => {
    const page = await open(photos.same);

    await page.waitFor(`!document.querySelector('#key-field').hidden`);
    await press(page, 'compare');

    expect(await verdict(page)).toBe('refused');
    expect(await page.evaluate('document.activeElement.id')).toBe('api_key');
    expect(await textOf(page, '#result')).toContain('unauthenticated');
  });

  it('greys an answer out while the request in the form is another one', async () => {
    const page = await ask(photos.same);
    const isStale = `document.querySelector('#result').matches('.stale:has(#stale)')`;

    const states: unknown[] = [];
    for (const value of ['3', '2']) {
      await page.evaluate(`document.querySelector('[name=min_matches][value="${value}"]').click()`);
      states.push(await page.evaluate(isStale));
    }

    expect(states).toEqual([true, false]);
    expect(await page.evaluate(`document.querySelector('#stale')`)).toBeNull();
  });

  it('shows the same request and the same job after a reload, and keeps no key', async () => {
    const page = await ask({ ...photos.same, user_id: 'who-reloads' });
    const job = await textOf(page, '#result .hint code');

    await page.reload();

    expect(await page.evaluate(`document.querySelector('#user_id').value`)).toBe('who-reloads');
    expect(await page.evaluate(`JSON.stringify(sessionStorage)`)).not.toContain(API_KEY);
    await typeKey(page);
    expect(await verdict(page)).toBe('matched');
    expect(job).toMatch(/^r_/);
    expect(await textOf(page, '#result .hint code')).toBe(job);
  });

  it('shows a curl command that sends the same request, without the key', async () => {
    const page = await open({ ...photos.same, user_id: `o'hara $(id) "x"` });
    await typeKey(page);

    const line = String(await page.evaluate(`document.querySelector('#curl').textContent`));

    expect(line).toContain(String.raw`"user_id": "o'\''hara $(id) \"x\""`);
    expect(line).toContain('-H "X-API-Key: $API_KEY"');
    expect(line).not.toContain(API_KEY);
  });

  it('treats input as text, never as markup or as the address of a script', async () => {
    const page = await open({
      user_id: '<img src=x onerror=alert(1)>',
      front_image1: 'javascript:alert(1)',
      front_image2: 'data:text/html,<script>alert(1)</script>',
      front_image3: '"><svg onload=alert(1)>',
      back_image: photos.faceless,
    });

    const pictures = await page.evaluate(
      `[...document.querySelectorAll('main img')].map((image) => image.src)`,
    );

    expect(pictures).toEqual([photos.faceless]);
    expect(await page.evaluate(`document.querySelector('#curl').textContent`)).toContain('<img src=x');
    expect(unexpected(page)).toEqual([]);
  });

  it('fits the screen of a phone', async () => {
    const page = await ask(photos.same, { widthPx: 360, heightPx: 740, theme: 'dark' });

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    // Nothing stands between the button and the answer, and the answer is what the person sees.
    const edge = (id: string, side: string) =>
      `document.getElementById('${id}').getBoundingClientRect().${side}`;
    expect(await page.evaluate(`${edge('result', 'top')} - ${edge('compare', 'bottom')}`)).toBeLessThan(80);
    expect(await page.evaluate(edge('result', 'top'))).toBeLessThan(100);
  });

  it('shows the photos, the button and the answer on one screen of a laptop, without the browser’s own bars', async () => {
    const page = await ask(photos.same, { widthPx: 1366, heightPx: 680, theme: 'light' });

    const bottoms = await page.evaluate(
      `['#compare', '.cards'].map((it) => document.querySelector(it).getBoundingClientRect().bottom)`,
    );

    expect(Math.max(...(bottoms as number[]))).toBeLessThan(680);
  });
});

describe.skipIf(!binary)('files on the demo page (skipped where no Chromium is installed)', () => {
  it('compares four files that are dropped at once, the one named id-card as the reference', async () => {
    const page = await open({});
    await typeKey(page);

    await dropFiles(page, '#request', files.all);
    await waitForPictures(page, 4);
    await press(page, 'compare');

    expect(await placesOf(page)).toEqual({
      front_image1: 'selfie 2.jpg',
      front_image2: 'selfie 9.jpg',
      front_image3: 'selfie 10.jpg',
      back_image: 'id-card.jpg',
    });
    expect(await verdict(page)).toBe('matched');
    await page.waitFor(`document.querySelectorAll('.card .photo img[src^="blob:"] + svg').length === 4`);
    expect(unexpected(page)).toEqual([]);
  });

  it('says at its place why the service cannot use a file', async () => {
    const page = await open(photos.same);
    await typeKey(page);

    await dropFiles(page, '[data-place="back_image"]', [files.broken]);
    await page.waitFor(`document.querySelector('#back_image-note').textContent`);
    expect(await textOf(page, '#back_image-note')).toBe('This browser cannot show this file as a photo.');
    await press(page, 'compare');

    expect(await verdict(page)).toBe('undecided');
    expect(await textOf(page, '#back_image-note')).not.toContain('browser');
    expect(await textOf(page, '[data-image="back_image"] .reason code')).toMatch(/^image_/);
  });

  it('compares sample photos with the keyboard alone, and says so', async () => {
    const page = await open({});
    await typeKey(page);
    const tabTo = async (id: string) => {
      for (
        let count = 0;
        (await page.evaluate(`document.activeElement.matches('${id}')`)) !== true;
        count += 1
      ) {
        if (count > 40) throw new Error(`${id} cannot be reached with the key Tab`);
        await pressKey(page, 'Tab');
      }
    };

    await tabTo('[data-sample]:last-of-type');
    await pressKey(page, 'Enter');
    expect(await textOf(page, '#photos-note')).toBe('Four sample photos are in place.');
    await tabTo('#compare');
    await pressKey(page, 'Enter');

    expect(await verdict(page)).toBe('not_matched');
    expect(await page.evaluate('document.activeElement.id')).toBe('result');
    expect(unexpected(page)).toEqual([]);
  });
});

describe.skipIf(!binary)(
  'the API documentation in a browser (skipped where no Chromium is installed)',
  () => {
    it('fits the screen of a phone, without the internet and within its policy', async () => {
      const page = await browserOf().open(`${service.origin}/docs`, {
        widthPx: 360,
        heightPx: 740,
        theme: 'dark',
      });

      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      expect(await page.evaluate('getComputedStyle(document.body).fontFamily')).toContain('system-ui');
      expect(page.complaints).toEqual([]);
    });
  },
);

function browserOf(): Browser {
  if (!browser) throw new Error('this is a bug: these tests are skipped without a browser');
  return browser;
}

function open(request: object, view?: Parameters<Browser['open']>[1]): Promise<Page> {
  const fragment = new URLSearchParams({ ...request });
  return browserOf().open(`${service.origin}/#${fragment}`, view);
}

async function ask(request: object, view?: Parameters<Browser['open']>[1]): Promise<Page> {
  const page = await open(request, view);
  await page.waitFor(`document.querySelector('#readiness.good')`);
  await typeKey(page);
  await page.waitFor(`document.querySelector('#calibration').textContent.includes('LFW')`);
  await press(page, 'compare');
  await verdict(page);
  return page;
}

describe.skipIf(!binary)('the queue board in a browser', () => {
  it('shows the jobs of a queue under its own content policy, and loads nothing from elsewhere', async () => {
    const { body } = await service.post('/jobs', { user_id: 'u-1', ...photos.same }, withKey);
    const jobId = String(body.job_id);
    await service.get(`/jobs/${jobId}`, { ...withKey, prefer: 'wait=60' });
    // The browser keeps the login of a URL for later pages.
    await browser?.open(`${service.origin.replace('://', `://ops:${ADMIN_KEY}@`)}/admin/queues`);

    const page = await browser?.open(`${service.origin}/admin/queues/queue/compare-lite?status=completed`);
    // An operator reloads a page that was loaded while the job was being stored.
    const appears = `new Promise((resolve) => {
      const look = () => document.body.textContent.includes('${jobId}') && end(true);
      const timers = [setInterval(look, 50), setTimeout(() => end(false), 5000)];
      const end = (found) => timers.forEach(clearTimeout) ?? resolve(found);
    })`;
    while (!(await page?.evaluate(appears))) await page?.reload();

    expect(page?.complaints).toEqual([]);
  });
});
