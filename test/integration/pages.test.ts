import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { erasedJobsSchema } from '../../src/api/operations/erase-user-jobs.js';
import { healthSchema } from '../../src/api/operations/get-health.js';
import { readinessSchema } from '../../src/api/operations/get-readiness.js';
import { modelsSchema } from '../../src/api/operations/list-models.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { type Browser, findBrowser, type Page, startBrowser } from '../support/programs/browser.js';
import { type Service, startService } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';

const API_KEY = 'a-key-of-the-demo-page';
const binary = findBrowser();

let service: Service;
let images: ImageServer;
let photos: PhotoSet;
let browser: Browser | undefined;

beforeAll(async () => {
  images = await startImageServer();
  photos = await servePhotos(images);
  service = await startService({ env: { API_KEYS: `demo:${API_KEY}` } });
  browser = binary ? startBrowser(binary) : undefined;
});

afterAll(async () => {
  await browser?.close();
  await service?.stop();
  await images?.stop();
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
    const page = await askAs('compare', photos.same);

    expect(await verdict(page)).toBe('matched');
    expect(await page.evaluate(`document.querySelectorAll('.card.matched .track').length`)).toBe(3);
    await page.waitFor(`document.querySelectorAll('.card .photo svg rect').length === 4`);
    expect(unexpected(page)).toEqual([]);
  });

  it('shows a job with the photos of another person as not matched', async () => {
    const { other } = photos;

    const page = await askAs('queue', {
      ...photos.same,
      front_image1: other,
      front_image2: other,
      front_image3: other,
    });

    expect(await verdict(page)).toBe('not_matched');
    expect(unexpected(page)).toEqual([]);
  });

  it('shows an undecided comparison as such, with the photo and the reason', async () => {
    const page = await askAs('compare', { ...photos.same, back_image: photos.faceless });

    expect(await verdict(page)).toBe('undecided');
    expect(await page.evaluate(`document.querySelector('.card.unusable').dataset.image`)).toBe('back_image');
    expect(
      await page.evaluate(`document.querySelector('.card.unusable .reason a').getAttribute('href')`),
    ).toBe('docs/errors#face_not_found');
  });

  it('shows a refusal with each wrong field', async () => {
    const page = await askAs('compare', { ...photos.same, front_image2: 'http://10.0.0.1/a.jpg' });

    expect(await verdict(page)).toBe('refused');
    expect(await page.evaluate(`document.querySelector('.reasons li').textContent`)).toMatch(
      /^front_image2image_url_forbidden /,
    );
  });

  it('shows that a key is needed', async () => {
    const page = await open(photos.same);

    await press(page, 'compare');

    expect(await verdict(page)).toBe('refused');
    expect(await page.evaluate(`document.querySelector('#result').textContent`)).toContain('unauthenticated');
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
    const page = await askAs('compare', photos.same, { widthPx: 360, heightPx: 740, theme: 'dark' });

    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});

describe.skipIf(!binary)('the reference page in a browser (skipped where no Chromium is installed)', () => {
  it('shows every operation without the internet and within its policy', async () => {
    const page = await browserOf().open(`${service.origin}/docs`);

    await page.waitFor(`document.querySelectorAll('.opblock-summary-path').length >= 15`);

    expect(page.complaints).toEqual([]);
  });
});

function browserOf(): Browser {
  if (!browser) throw new Error('this is a bug: these tests are skipped without a browser');
  return browser;
}

function open(request: object, view?: Parameters<Browser['open']>[1]): Promise<Page> {
  const fragment = new URLSearchParams({ ...request });
  return browserOf().open(`${service.origin}/#${fragment}`, view);
}

async function askAs(
  button: 'compare' | 'queue',
  request: object,
  view?: Parameters<Browser['open']>[1],
): Promise<Page> {
  const page = await open(request, view);
  await page.waitFor(`document.querySelector('#readiness.good')`);
  await typeKey(page);
  await page.waitFor(`document.querySelector('#calibration').textContent.includes('LFW')`);
  await press(page, button);
  await verdict(page);
  return page;
}

/** Without a key, the page cannot read the calibration when it opens, and Chromium reports that. */
function unexpected(page: Page): string[] {
  return page.complaints.filter((complaint) => !complaint.endsWith('/models'));
}

async function typeKey(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const field = document.querySelector('#api_key');
    field.value = ${JSON.stringify(API_KEY)};
    for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
  })()`);
}

async function press(page: Page, button: string): Promise<void> {
  await page.evaluate(`document.getElementById('${button}').click()`);
}

async function verdict(page: Page): Promise<unknown> {
  await page.waitFor(`document.querySelector('[data-verdict]')`);
  return page.evaluate(`document.querySelector('[data-verdict]').dataset.verdict`);
}
