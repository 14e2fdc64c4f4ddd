import { readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AppContext } from '../../../src/api/http/app-context.js';
import { createRequestParser } from '../../../src/api/http/request-parser.js';
import { createBodyMemory } from '../../../src/api/http/upload-limits.js';
import { getOpenApiOperation } from '../../../src/api/operations/get-openapi.js';
import { pageOperations } from '../../../src/api/operations/pages.js';
import { OPERATIONS } from '../../../src/api/operations.js';
import { renderDemoPage } from '../../../src/api/pages/demo-page.js';
import { createPageFiles } from '../../../src/api/pages/page-files.js';
import { renderText } from '../../../src/api/pages/render-page.js';
import { createProblem } from '../../../src/shared/contract/problem.js';
import { ERROR_CODES, ERROR_KINDS } from '../../../src/shared/errors.js';

const UPLOAD_LIMITS = {
  enabled: false,
  maxInlineBytes: 2_000,
  maxImageBytes: 5_000,
  maxJsonBytes: 1_000,
  memory: createBodyMemory(1_000_000),
  parser: createRequestParser(),
};

const pages = new Hono<AppContext>().route('/', createPageFiles());
for (const { path, createHandler } of [...pageOperations, getOpenApiOperation])
  pages.get(
    path,
    createHandler({ operations: OPERATIONS, uploadLimits: UPLOAD_LIMITS, receiptKeys: [], demoPhotos: [] }),
  );
const paths = [...new Set(pages.routes.map((route) => route.path))];
const read = async (path: string): Promise<string> => (await pages.request(path)).text();

describe('the demo page', () => {
  const SAMPLES = ['1', '2', '3', 'back', 'other'].map((name) => `https://a.example/${name}.jpg?x="'<`);
  const render = (enabled: boolean, samples: readonly string[]) =>
    renderDemoPage({ uploads: { ...UPLOAD_LIMITS, enabled }, signsReceipts: false, samples });

  it('offers files and the camera only where the service accepts files, and otherwise says what enables them', () => {
    expect(render(true, [])).toMatch(/id="files"[\s\S]*id="camera"/);
    expect(render(true, [])).not.toContain('UPLOAD_KEYS');
    expect(render(false, [])).not.toMatch(/id="files"|id="camera"/);
    expect(render(false, [])).toContain('UPLOAD_KEYS');
  });

  it('offers the samples of the service, and otherwise says how to get photos', () => {
    const count = (samples: readonly string[]) => render(true, samples).split('data-sample="').length - 1;

    expect([count(SAMPLES), count(SAMPLES.slice(0, 4)), count([])]).toEqual([2, 1, 0]);
    expect(render(true, SAMPLES)).not.toContain('DEMO_PHOTOS');
    expect(render(true, SAMPLES)).not.toContain(`"'<`);
    expect(render(true, [])).toContain('DEMO_PHOTOS');
  });
});

describe('the pages', () => {
  it('say whether photos can be sent as files', async () => {
    const form =
      '<form id="request" class="panel" action="#" data-uploads="false" data-max-image-bytes="5000">';

    expect(await read('/')).toContain(form);
  });

  it('serve every file of their folders, and no other', () => {
    const list = (folder: string) =>
      readdirSync(new URL(`../../../src/api/pages/${folder}/`, import.meta.url), {
        recursive: true,
        encoding: 'utf8',
      });
    const files = ['demo', 'theme'].flatMap(list).filter((name) => name !== 'photos');

    const served = paths.filter((path) => path.startsWith('/assets/')).map((path) => path.slice(8));

    expect(served.sort()).toEqual(files.sort());
  });

  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/errors', 'text/html; charset=utf-8'],
    ['/openapi.json', 'application/json; charset=utf-8'],
    ['/assets/demo.js', 'text/javascript; charset=utf-8'],
    ['/assets/page.css', 'text/css; charset=utf-8'],
    ['/assets/icon.svg', 'image/svg+xml; charset=utf-8'],
  ])('serve %s as %s', async (path, type) => {
    const response = await pages.request(path);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
  });

  it.each(['/', '/docs', '/docs/errors'])('link from %s only to files of the service', async (path) => {
    const html = await read(path);

    const links = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(
      ([, link]) => new URL(link ?? '', `http://host${path}`),
    );

    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => link.host !== 'host' || !paths.includes(link.pathname))).toEqual([]);
  });

  it('serve every module that a module imports', async () => {
    const scripts = paths.filter((path) => path.startsWith('/assets/') && path.endsWith('.js'));

    for (const script of scripts) {
      const imports = [...(await read(script)).matchAll(/from '([^']+)'/g)].map(
        ([, name]) => new URL(name ?? '', `http://host${script}`).pathname,
      );
      expect(imports.filter((path) => !paths.includes(path))).toEqual([]);
    }
  });

  it.each(['/', '/docs', '/docs/errors'])('allow %s to run only its own scripts', async (path) => {
    const response = await pages.request(path);

    const policy = response.headers.get('content-security-policy') ?? '';

    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(await response.text()).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/i);
  });

  it.each([
    '/assets/..%2f..%2fmain.ts',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/assets//etc/passwd',
    '/assets/demo-page.ts',
    '/assets/..%5cpackage.json',
    '/assets/demo.js%00.html',
  ])('serve nothing at %s', async (path) => {
    expect((await pages.request(path)).status).toBe(404);
  });

  it('answer 304 to a browser that already has the file', async () => {
    const etag = (await pages.request('/assets/demo.js')).headers.get('etag') ?? '';

    const response = await pages.request('/assets/demo.js', { headers: { 'if-none-match': `"x", ${etag}` } });

    expect(response.status).toBe(304);
    expect(await response.text()).toBe('');
    expect(response.headers.get('etag')).toBe(etag);
  });

  it('send the same bytes compressed to clients that accept gzip', async () => {
    const plain = await pages.request('/assets/page.css');
    const packed = await pages.request('/assets/page.css', {
      headers: { 'accept-encoding': 'br, gzip' },
    });

    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    expect(packed.headers.get('vary')).toContain('accept-encoding');
    const unpacked = gunzipSync(Buffer.from(await packed.arrayBuffer()));
    expect(unpacked.equals(Buffer.from(await plain.arrayBuffer()))).toBe(true);
  });

  it('explain every error code at the anchor of its problem', async () => {
    const html = await read('/docs/errors');

    for (const code of ERROR_CODES) {
      const { type, status, detail } = createProblem(code);
      const advice = renderText(ERROR_KINDS[code].advice).join('');
      const [path, anchor] = type.split('#');
      const row = html.split('<tr ').find((part) => part.startsWith(`id="${anchor}"`));
      expect(path).toBe('/docs/errors');
      expect(row).toContain(`>${status}<`);
      expect(row).toContain(detail);
      expect(row).toContain(advice);
    }
  });

  it('document every operation and schema, with links that lead somewhere on the page', async () => {
    const html = await read('/docs');

    const anchors = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const targets = [...html.matchAll(/href="docs#([^"]+)"/g)].map(([, id]) => id);
    expect([...anchors]).toEqual(expect.arrayContaining(OPERATIONS.map((operation) => operation.id)));
    expect([...anchors]).toEqual(expect.arrayContaining(['CompareRequest', 'Evidence', 'Webhook']));
    expect(targets.filter((target) => !anchors.has(target))).toEqual([]);
    expect(html).not.toContain('[object Object]');
    expect(html).not.toContain('undefined');
  });
});
