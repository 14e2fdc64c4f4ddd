import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../src/cli/start/ports.js';
import { createReceiptKeys } from '../../src/shared/receipts/receipt-keys.js';
import { installPythonTools } from '../contract/install-tools.js';
import { runTool } from '../contract/run-tool.js';
import { samePersonPhotos } from '../support/photos/photos.js';
import { type RunningSample, readSample, runSample } from '../support/programs/document-sample.js';
import { type Service, startService, WEBHOOK_SECRET } from '../support/programs/service.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { waitForPort } from '../support/servers/redis-server.js';

const CLIENT = 'clients/python';
const README = `${CLIENT}/README.md`;
const TOOLS = [
  'hatchling==1.33.0',
  'httpx==0.28.1',
  'mypy==2.4.1',
  'pyjwt[crypto]==2.15.1',
  'ruff==0.17.6',
  'standardwebhooks==1.1.0',
];
/** Output of pip on a machine without a way to PyPI, or with an index that lacks the tools. */
const NO_INDEX = /Retrying|ConnectionError|Temporary failure|timed out|No matching distribution/i;

let missing = 'python3, 3.10 or newer, with its module venv';
const programs = await installPythonTools('node_modules/.cache/clients', TOOLS).catch((error: Error) => {
  if (!NO_INDEX.test(error.message)) throw error;
  missing = `PyPI: ${error.message}`;
});
if (!programs) console.log(`SKIPPED the client in Python: it needs ${missing}`);

describe.skipIf(!programs)('the client in Python', () => {
  const python = join(programs ?? '', 'python');
  let folder: string;
  let service: Service;
  let images: ImageServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'face-python-'));
    images = await startImageServer();
    const [reference, , ...probes] = await samePersonPhotos();
    const photos = {
      'back.jpg': reference,
      ...Object.fromEntries(probes.map((p, i) => [`front${i + 1}.jpg`, p])),
    };
    for (const [name, photo = Buffer.alloc(0)] of Object.entries(photos)) {
      images.serve(`/${name}`, photo);
      writeFileSync(join(folder, name), photo);
    }
    service = await startService({
      env: { RECEIPT_KEYS: createReceiptKeys(), UPLOAD_KEYS: randomBytes(32).toString('base64') },
    });
  });
  afterAll(async () => {
    await service?.stop();
    await images?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a program of the virtual environment. @throws Error with its output. */
  async function run(...[program, ...args]: readonly [string, ...string[]]): Promise<string> {
    const { exitCode, output } = await runTool(join(programs ?? '', program), args, {
      env: { MYPY_CACHE_DIR: join(folder, 'mypy') },
    });
    if (exitCode !== 0) throw new Error(output);
    return output;
  }

  /** Runs the only sample of the README that holds `mark`, with this service's addresses. */
  function runReadme(mark: string, more: Readonly<Record<string, string>> = {}): RunningSample {
    const changes = {
      ...more,
      'http://127.0.0.1:8333': service.origin,
      'http://127.0.0.1:8336': images.origin,
    };
    return runSample([python, '-u', '-'], readSample({ path: README, language: 'python', mark }, changes));
  }

  it('is a wheel that installs, with its types and its licence', async () => {
    await run('pip', 'wheel', CLIENT, '--no-deps', '--no-build-isolation', '--quiet', '--wheel-dir', folder);
    const [wheel = ''] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
    await run('pip', 'install', '--no-deps', '--force-reinstall', '--quiet', join(folder, wheel));

    const files = await run('pip', 'show', '--files', 'face-verification-client');

    expect(files).toContain('face_verification/py.typed');
    expect(files).toContain('licenses/LICENSE');
  });

  it('passes its own tests', async () => {
    expect(await run('python', '-m', 'unittest', 'discover', '--start-directory', `${CLIENT}/tests`)).toMatch(
      /^OK$/m,
    );
  });

  it('is formatted and typed, and so are the samples of its README', async () => {
    const samples = [...readFileSync(README, 'utf8').matchAll(/^```python\n(.*?)^```$/gms)];
    const files = samples.map(([, text = ''], index) => {
      const file = join(folder, `sample${index}.py`);
      writeFileSync(file, text);
      return file;
    });

    await run('ruff', 'format', '--check', '--line-length', '120', CLIENT, ...files);
    await run('ruff', 'check', CLIENT, ...files);
    await run('mypy', '--strict', `${CLIENT}/src`, `${CLIENT}/tests`, ...files);
  });

  it('compares photos, waits for jobs, runs with asyncio and verifies a receipt, as its README shows', async () => {
    const samples = [
      '"same person"',
      'client.submit',
      'asyncio.gather',
      'verify_receipt',
      'client.batch',
    ].map((mark) => runReadme(mark));

    await samples[0]?.waitForOutput('same person');
    await samples[1]?.waitForOutput('completed True');
    await samples[2]?.waitForOutput('[True, True]');
    await samples[3]?.waitForOutput('matched 42');
    await samples[4]?.waitForOutput('row-1 True\nrow-2 image_not_available');
  });

  it('sends files and bytes, as its README shows', async () => {
    const sample = runReadme(
      'read_bytes',
      Object.fromEntries(
        ['front1', 'front2', 'front3'].map((name) => [`"${name}.jpg"`, `"${join(folder, name)}.jpg"`]),
      ),
    );

    await sample.waitForOutput('42 True');
  });

  it('verifies webhooks, as its README shows', async () => {
    const port = await freePort();
    const place = { path: README, language: 'python', mark: 'verify_webhook' };
    const receiver = runSample([python, '-u', '-'], readSample(place, { '9000': String(port) }), {
      WEBHOOK_SECRET,
    });
    await waitForPort(port);
    const callback = `http://127.0.0.1:${port}/done`;
    const photo = (name: string): string => `${images.origin}/${name}.jpg`;

    const forged = await fetch(callback, { method: 'POST', body: '{}' });
    await service.post('/jobs', {
      user_id: 's',
      front_image1: photo('front1'),
      front_image2: photo('front2'),
      front_image3: photo('front3'),
      back_image: photo('back'),
      callback_url: callback,
    });

    expect(forged.status).toBe(400);
    await receiver.waitForOutput('comparison.completed');
  });
});
