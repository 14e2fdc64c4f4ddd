import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppContext } from '../../src/api/http/app-context.js';
import { createRequestParser } from '../../src/api/http/request-parser.js';
import { createBodyMemory } from '../../src/api/http/upload-limits.js';
import { pageOperations } from '../../src/api/operations/pages.js';
import { createPageFiles } from '../../src/api/pages/page-files.js';
import { type PhotoFiles, writePhotoFiles } from '../support/photos/photo-files.js';
import {
  type Browser,
  findBrowser,
  INSECURE_HOST,
  type Page,
  startBrowser,
} from '../support/programs/browser.js';
import { placesOf, press, textOf, waitForPictures } from '../support/programs/demo-page.js';
import { chooseFiles, dropFiles, pastePicture, pressKey } from '../support/programs/user-input.js';
import { closeServer, listen } from '../support/servers/listen.js';

const binary = findBrowser();

let servers: Server[];
let files: PhotoFiles;
let browser: Browser | undefined;
/** Pages of a service that accepts files, and of one that does not. Neither compares anything. */
let origins: { readonly enabled: string; readonly disabled: string };

beforeAll(async () => {
  if (!binary) return;
  files = await writePhotoFiles();
  servers = [servePages(true), servePages(false)];
  const [enabled, disabled] = await Promise.all(servers.map((server) => listen(server)));
  origins = { enabled: `http://127.0.0.1:${enabled}`, disabled: `http://127.0.0.1:${disabled}` };
  browser = startBrowser(binary);
});

afterAll(async () => {
  await browser?.close();
  await Promise.all((servers ?? []).map(closeServer));
  await files?.remove();
});

describe.skipIf(!binary)('photos on the demo page (skipped where no Chromium is installed)', () => {
  it('takes a file for one place, several for the empty ones, and removes one', async () => {
    const page = await open({});
    const [first = '', second = '', third = ''] = files.all;

    await chooseFiles(page, '[data-place="front_image2"] [data-choose]', [first]);
    await waitForPictures(page, 1);
    await page.waitFor(`document.activeElement.closest('[data-place]')?.dataset.place === 'front_image1'`);
    await chooseFiles(page, '.sources [data-choose]', [second, third]);
    await waitForPictures(page, 3);
    await page.evaluate(`document.querySelector('[data-place="front_image2"] [data-remove]').click()`);

    expect(await placesOf(page)).toEqual({
      front_image1: 'selfie 10.jpg',
      front_image2: '',
      front_image3: '',
      back_image: 'id-card.jpg',
    });
    await page.waitFor(`document.activeElement.id === 'front_image2'`);
    expect(unexpected(page)).toEqual([]);
  });

  it('puts a pasted picture into the next empty place', async () => {
    const page = await open({ front_image1: `${origins.enabled}/assets/icon.svg` });

    await pastePicture(page, files.png);
    await page.waitFor(`document.querySelector('[data-place="front_image2"] .name')`);

    expect(await textOf(page, '#photos-note')).toBe('Added probe photo 2.');
  });

  it('says at its place what is wrong with a file, and sends nothing', async () => {
    const url = `${origins.enabled}/assets/icon.svg`;
    const page = await open({ front_image1: url, front_image2: url });

    await dropFiles(page, '[data-place="front_image3"]', [files.document]);
    await dropFiles(page, '[data-place="back_image"]', [files.tooLarge]);
    await page.waitFor(`document.querySelectorAll('.file .name').length === 2`);
    await press(page, 'compare');
    await page.waitFor(`document.querySelector('#front_image3-note').textContent`);
    await page.waitFor(`document.querySelector('#back_image-note').textContent`);
    await page.waitFor(`document.activeElement.ariaLabel === 'Remove Probe photo 3'`);

    expect(await textOf(page, '#front_image3-note')).toContain('not a photo');
    expect(await textOf(page, '#back_image-note')).toContain('The service accepts up to 5 MB');
    expect(await page.evaluate(`document.querySelector('[data-verdict], [aria-busy]')`)).toBeNull();
  });

  it('says that a file has changed since it was chosen, and sends nothing', async () => {
    const url = `${origins.enabled}/assets/icon.svg`;
    const page = await open({ front_image1: url, front_image2: url, front_image3: url });
    await chooseFiles(page, '.sources [data-choose]', [files.changing]);
    await waitForPictures(page, 4);

    await rm(files.changing);
    await press(page, 'compare');
    await page.waitFor(`document.querySelector('#back_image-note').textContent`);

    expect(await textOf(page, '#back_image-note')).toContain('Choose it again');
    expect(await page.evaluate(`document.querySelector('[data-verdict], [aria-busy]')`)).toBeNull();
  });

  it('gives every control a name for screen readers', async () => {
    const page = await open({});
    await page.evaluate(`document.querySelector('#options').open = true`);

    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as { nodes: AccessibleNode[] };
    const controls = nodes.filter(
      ({ ignored, role }) => !ignored && /button|textbox|slider|radio$/.test(role?.value ?? ''),
    );

    expect(controls.length).toBeGreaterThan(12);
    expect(controls.filter(({ name }) => !name?.value)).toEqual([]);
  });

  it('takes the three probe photos with the camera, and switches it off', async () => {
    const page = await open({});
    await allowCamera(page, 'granted');
    await press(page, 'open-camera');

    await page.waitFor(`document.querySelector('#shoot:not([hidden])')`);
    await page.evaluate(`window.track = document.querySelector('#camera-picture').srcObject.getTracks()[0]`);
    for (const count of [1, 2, 3]) {
      await press(page, 'shoot');
      await page.waitFor(`document.querySelectorAll('#shots img').length === ${count}`);
    }
    await page.waitFor(`track.readyState === 'ended'`);
    await press(page, 'use-shots');
    await waitForPictures(page, 3);

    expect(await placesOf(page)).toEqual({
      front_image1: 'camera-1.jpg',
      front_image2: 'camera-2.jpg',
      front_image3: 'camera-3.jpg',
      back_image: '',
    });
    expect(unexpected(page)).toEqual([]);
  });

  it('switches the camera off when its dialog is closed', async () => {
    const page = await open({});
    await allowCamera(page, 'granted');
    await press(page, 'open-camera');
    await page.waitFor(`document.querySelector('#shoot:not([hidden])')`);
    await page.evaluate(`window.track = document.querySelector('#camera-picture').srcObject.getTracks()[0]`);

    await pressKey(page, 'Escape');
    await page.waitFor(`!document.querySelector('#camera').open`);

    await page.waitFor(`track.readyState === 'ended'`);
  });

  it('says why the camera cannot be used', async () => {
    const denied = await open({});
    await allowCamera(denied, 'denied');
    await press(denied, 'open-camera');
    await denied.waitFor(`document.querySelector('#start-again:not([hidden])')`);
    const insecure = await browserOf().open(origins.enabled.replace('127.0.0.1', INSECURE_HOST));
    await press(insecure, 'open-camera');
    await insecure.waitFor(`document.querySelector('#start-again:not([hidden])')`);

    expect(await textOf(denied, '#camera-note')).toContain('may not use the camera');
    expect(await textOf(insecure, '#camera-note')).toContain('HTTPS');
  });

  it('says what enables files where the service does not accept them', async () => {
    const page = await browserOf().open(origins.disabled);

    await dropFiles(page, '#request', files.all);
    await page.waitFor(`document.querySelector('#photos-note').textContent`);

    expect(await textOf(page, '#photos-note')).toContain('UPLOAD_KEYS');
    expect(Object.values((await placesOf(page)) as object)).toEqual(['', '', '', '']);
    expect(unexpected(page)).toEqual([]);
  });
});

function servePages(enabled: boolean): Server {
  const limits = {
    enabled,
    maxInlineBytes: 2_000_000,
    maxImageBytes: 5_000_000,
    maxJsonBytes: 65_536,
    memory: createBodyMemory(0),
    parser: createRequestParser(),
  };
  const pages = new Hono<AppContext>().route('/', createPageFiles());
  for (const { path, createHandler } of pageOperations)
    pages.get(path, createHandler({ operations: [], uploadLimits: limits, receiptKeys: [], demoPhotos: [] }));
  return createAdaptorServer({ fetch: pages.fetch }) as Server;
}

function browserOf(): Browser {
  if (!browser) throw new Error('this is a bug: these tests are skipped without a browser');
  return browser;
}

function open(request: Record<string, string>): Promise<Page> {
  return browserOf().open(`${origins.enabled}/#${new URLSearchParams(request)}`);
}

/** There is no service behind the pages, and Chromium reports that. */
function unexpected(page: Page): string[] {
  return page.complaints.filter((complaint) => !/\/(models|health\/ready)$/.test(complaint));
}

interface AccessibleNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
}

async function allowCamera(page: Page, setting: 'granted' | 'denied'): Promise<void> {
  await page.send('Browser.setPermission', { permission: { name: 'camera' }, setting });
}
