import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../src/cli/start/ports.js';
import { type PhotoSet, servePhotos } from '../support/photos/photo-set.js';
import { uploadPhotos } from '../support/photos/upload-photos.js';
import { hasPython, type RunningSample, readSample, runSample } from '../support/programs/document-sample.js';
import { compileFolder, installClient } from '../support/programs/installed-client.js';
import { runNpmStart, type StartedCommand } from '../support/programs/started-command.js';
import { type ImageServer, startImageServer } from '../support/servers/image-server.js';
import { waitForPort } from '../support/servers/redis-server.js';
import {
  startWebhookReceiver,
  verifyReceived,
  type WebhookReceiver,
} from '../support/servers/webhook-receiver.js';

const START_TIMEOUT_MS = 180_000;

const acceptedSchema = z.object({ job_id: z.string(), status_url: z.string() });

/** Samples of `npm start`. */
const PROBES = ['front1', 'front2', 'front3'] as const;

describe('a service started by npm start', () => {
  let service: StartedCommand;
  let images: ImageServer;
  let photos: PhotoSet;
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    [images, receiver] = await Promise.all([startImageServer(), startWebhookReceiver()]);
    photos = await servePhotos(images);
    service = await runNpmStart({}, { envText: 'FACE_MATCH_THRESHOLD=abc\nAPI_KEY=mistyped\n' });
    await service.waitFor(/^Ready in .*$/m);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await service?.cleanUp();
    await Promise.all([images.stop(), receiver.stop()]);
  });

  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${service.origin}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  it('prints the address of its demo page, which accepts files and offers the sample photos', async () => {
    const [, address = ''] = await service.waitFor(/Demo page\s+(\S+)/);

    const answer = await fetch(address);
    const page = await answer.text();

    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(page).toContain('data-uploads="true"');
    const samples = [...page.matchAll(/data-sample="([^"]+)"/g)].map(([, text = '']) =>
      JSON.parse(text.replaceAll('&quot;', '"')),
    );
    const references = await Promise.all(
      samples.map(async ({ back_image }) => (await fetch(back_image)).status),
    );
    expect(references).toEqual([200, 200]);
  });

  it('prints a curl line whose photos match, by default on this machine', async () => {
    const [, body = ''] = await service.waitFor(/curl .* -d '(\{.*\})'/);

    const answer = await post('/compare-faces', JSON.parse(body));

    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ user_id: '42', matched: true });
  });

  it('accepts photos as files, with a key for its own lifetime', async () => {
    const form = new FormData();
    form.set('user_id', 'f');
    for (const [name, photo] of Object.entries(await uploadPhotos()))
      form.set(name, new Blob([new Uint8Array(photo)]), `${name}.jpg`);

    const answer = await fetch(`${service.origin}/compare-faces`, { method: 'POST', body: form });

    expect(await answer.json()).toEqual({ user_id: 'f', matched: true });
  });

  it('fetches photos of localhost as those of 127.0.0.1', async () => {
    const urls = Object.entries(photos.same).map(([name, url]) => [
      name,
      url.replace('127.0.0.1', 'localhost'),
    ]);

    const answer = await post('/compare-faces', { user_id: 'l', ...Object.fromEntries(urls) });

    expect(await answer.json()).toEqual({ user_id: 'l', matched: true });
  });

  it('says what it read from .env, what was wrong in it, and that anyone can call it', async () => {
    const [greeting] = await service.waitFor(/^Ready in [\s\S]*curl/m);

    expect(greeting).toMatch(/Settings .*\.env \(API_KEY, FACE_MATCH_THRESHOLD\)/);
    expect(greeting).toMatch(/Warning +FACE_MATCH_THRESHOLD is "abc".* using 0\.5/);
    expect(greeting).toMatch(/Warning .*API_KEY, which this service does not know/);
    expect(greeting).toMatch(/API keys +none/);
    const health = await fetch(`${service.origin}/health`);
    expect(await health.json()).toEqual({
      status: 'ok',
      warnings: [expect.stringMatching(/^FACE_MATCH_THRESHOLD is "abc".* using 0\.5$/)],
    });
  });

  it('reports that photos of one woman match, with her id unchanged', async () => {
    const answer = await post('/compare-faces', { user_id: 7, ...photos.same });

    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ user_id: 7, matched: true });
  });

  it('reports that photos of another woman do not match', async () => {
    const answer = await post('/compare-faces', { user_id: 'b', ...photos.same, back_image: photos.other });

    expect(await answer.json()).toEqual({ user_id: 'b', matched: false });
  });

  it('accepts a job, says where to poll it, and provides the result there', async () => {
    const accepted = await post(
      '/compare-faces',
      { user_id: 'c', ...photos.same },
      { prefer: 'respond-async' },
    );
    const { status_url: url } = acceptedSchema.parse(await accepted.json());

    const job = await fetch(new URL(url, service.origin), { headers: { prefer: 'wait=30' } });

    expect(accepted.status).toBe(202);
    expect(await job.json()).toMatchObject({ status: 'completed', result: { user_id: 'c', matched: true } });
  });

  it('sends a webhook signed with the secret that it printed', async () => {
    const [, secret = ''] = await service.waitFor(/(whsec_\S+)/);
    const callback = receiver.script('/done', [204]);
    const accepted = await post('/jobs', { user_id: 'd', ...photos.same, callback_url: callback });
    const { job_id: id } = acceptedSchema.parse(await accepted.json());

    const [webhook] = await receiver.waitFor('/done', 1, 20_000);

    if (!webhook) throw new Error('this is a bug: waitFor gave nothing');
    expect(verifyReceived(webhook, secret)).toMatchObject({
      type: 'comparison.completed',
      data: { job_id: id, status: 'completed', result: { user_id: 'd', matched: true } },
    });
  });

  const photoOrigin = async (): Promise<string> => (await service.waitFor(/Photos +(\S+)\/ has/))[1] ?? '';
  const secret = async (): Promise<string> => (await service.waitFor(/(whsec_\S+)/))[1] ?? '';

  /** Submits a job whose webhook goes to a receiver's port. */
  async function askForCall(port: number): Promise<void> {
    const callback = `http://127.0.0.1:${port}/done`;
    expect((await post('/jobs', { user_id: 's', ...photos.same, callback_url: callback })).status).toBe(202);
  }

  describe('the client in TypeScript, packed and installed', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await installClient();
      for (const name of PROBES) writeFileSync(join(folder, `${name}.jpg`), await photoOf(name));
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    /** The only sample of its README that holds `mark`, for this service. */
    const readme = (mark: string, changes: Readonly<Record<string, string>>): string =>
      readSample({ path: 'clients/typescript/README.md', language: 'ts', mark }, changes);
    const photoOf = async (name: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`${await photoOrigin()}/${name}.jpg`)).arrayBuffer());
    const addresses = async () => ({
      'http://127.0.0.1:8333': service.origin,
      'http://127.0.0.1:8336': await photoOrigin(),
    });
    function run(text: string, environment: Readonly<Record<string, string>> = {}): RunningSample {
      const file = join(folder, `${randomUUID()}.mjs`);
      writeFileSync(file, text);
      return runSample(['node', file], '', environment);
    }

    it('sends files, bytes and streams, as its README shows', async () => {
      const files = PROBES.map((name) => [`'${name}.jpg'`, `'${join(folder, `${name}.jpg`)}'`]);

      const sample = run(readme('readFile', { ...(await addresses()), ...Object.fromEntries(files) }));

      await sample.waitForOutput('42 true');
    });

    it('compares photos, waits for jobs and verifies a receipt, as its README shows', async () => {
      const compare = run(readme("'same person'", await addresses()));
      const submit = run(readme('client.submit', await addresses()));

      const batch = run(readme('client.batch', await addresses()));
      const receipt = run(readme('verifyReceipt', await addresses()));

      await compare.waitForOutput('same person');
      await submit.waitForOutput('completed true');
      await receipt.waitForOutput('matched 42');
      await batch.waitForOutput('row-1 true\nrow-2 image_not_available');
    });

    it('verifies webhooks, as its README shows', async () => {
      const port = await freePort();
      const text = readme('verifyWebhook', { '9000': String(port) });
      const receiver = run(text, { WEBHOOK_SECRET: await secret() });
      await receiver.waitForOutput('Waiting for webhooks');

      await askForCall(port);
      const forged = await fetch(`http://127.0.0.1:${port}/done`, { method: 'POST', body: '{}' });

      await receiver.waitForOutput('comparison.completed');
      expect(forged.status).toBe(400);
    });

    it('has types with which its samples compile', async () => {
      const options = { module: 'nodenext', target: 'es2023', lib: ['es2023'], strict: true, noEmit: true };
      const compilerOptions = {
        ...options,
        typeRoots: [`${process.cwd()}/node_modules/@types`],
        types: ['node'],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
      for (const mark of ["'same person'", 'readFile', 'client.submit', 'client.batch', 'verifyReceipt'])
        writeFileSync(join(folder, `${randomUUID()}.ts`), readme(mark, {}));

      await compileFolder(folder);
    });
  });

  describe('the samples of the documents', () => {
    const python = ['python3', '-u', '-'] as const;

    it('receive a webhook in JavaScript, and say why they refuse another', async () => {
      const port = await freePort();
      const place = { path: 'docs/webhooks.md', language: 'js', mark: 'standardwebhooks' };
      const text = readSample(place, { '9000': String(port) });
      const run = ['node', '--input-type=module', '-'] as const;
      const sample = runSample(run, text, { WEBHOOK_SECRET: await secret() });
      await sample.waitForOutput('Waiting for webhooks');

      await askForCall(port);
      const forged = await fetch(`http://127.0.0.1:${port}/done`, { method: 'POST', body: '{}' });

      await sample.waitForOutput('comparison.completed');
      await sample.waitForOutput('Refused: Missing required headers');
      expect(forged.status).toBe(400);
    });

    it('send a batch with curl, wait for it and read its results', async () => {
      const shell = (mark: string, changes: Readonly<Record<string, string>>): RunningSample =>
        runSample(['bash', '-s'], readSample({ path: 'docs/batches.md', language: 'sh', mark }, changes));
      const submit = shell('import-7', {
        'http://127.0.0.1:8333': service.origin,
        'http://127.0.0.1:8336': await photoOrigin(),
      });
      const [, batchId = ''] = await submit.waitForMatch(/"batch_id":"(b_\w+)","total":2/);

      const read = shell('/results', { 'http://127.0.0.1:8333': service.origin, BATCH_ID: batchId });

      await read.waitForOutput('"counts":{"queued":0,"active":0,"completed":2,');
      await read.waitForMatch(/"ref":"row-1".*"matched":true.*\n.*"ref":"row-2"/);
    });

    it.skipIf(!hasPython('requests'))('compare photos in Python', async () => {
      const place = { path: 'docs/python.md', language: 'python', mark: 'requests' };
      const sample = runSample(
        python,
        readSample(place, {
          'http://127.0.0.1:8333': service.origin,
          'http://127.0.0.1:8336': await photoOrigin(),
        }),
      );

      await sample.waitForOutput('same person');
    });

    it.skipIf(!hasPython('httpx'))('wait for a job in Python', async () => {
      const place = { path: 'docs/python.md', language: 'python', mark: 'httpx' };
      const call = `print(compare('${service.origin}', 'p1', ${JSON.stringify(photos.same)}))`;

      await runSample(python, `${readSample(place, {})}\n${call}`).waitForOutput("'matched': True");
    });

    it.skipIf(!hasPython('requests'))('read a refusal in Python', async () => {
      const place = { path: 'docs/python.md', language: 'python', mark: '# before' };
      const text = `import requests, time
answer = requests.post("${service.origin}/compare-faces", json={"user_id": "42"})
${readSample(place, {})}`.replace(/# before[\s\S]*# now/, '');

      await runSample(python, text).waitForOutput('front_image1 invalid_request');
    });

    it.skipIf(!hasPython('standardwebhooks'))('receive a webhook in Python', async () => {
      const port = await freePort();
      const place = { path: 'docs/python.md', language: 'python', mark: 'standardwebhooks' };
      const sample = runSample(python, readSample(place, { '9000': String(port) }), {
        WEBHOOK_SECRET: await secret(),
      });
      await waitForPort(port);

      await askForCall(port);

      await sample.waitForOutput('comparison.completed');
    });
  });

  it('restarts a killed worker and answers the requests made meanwhile', async () => {
    process.kill(service.find(/worker\/main\.js/), 'SIGKILL');
    const answer = await post('/compare-faces', { user_id: 'e', ...photos.same });

    expect(await answer.json()).toEqual({ user_id: 'e', matched: true });
    await vi.waitFor(() => expect(service.output()).toContain('worker ended (SIGKILL)'), 60_000);
  });

  it('does not start a second time on the same port, and says what to do', async () => {
    const second = await runNpmStart({}, { port: service.port });

    const code = await second.ended;

    expect(code).toBe(1);
    expect(second.output()).toContain(`Port ${service.port} is in use`);
  });
});
