/**
 * Callers that upload photos to `POST /jobs`, each in a closed loop, and cancel the job, which removes its photos. Prints a
 * line after one round without measurement, and the result as JSON after the given time. Argument: an UploadClients as JSON.
 *
 * They run with the lowest priority: real callers are other machines, which take no core from the service.
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { constants, setPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { IMAGE_NAMES } from '../../src/shared/contract/compare-request.js';
import { FORM_TYPE, multipart, photoPart, textPart } from '../../test/support/builders/multipart.js';
import { dataUrlOf } from '../../test/support/photos/upload-photos.js';

export interface UploadClients {
  readonly origin: string;
  readonly as: 'form' | 'data URLs';
  readonly callers: number;
  /** Of each of the four photos. */
  readonly photoBytes: number;
  readonly seconds: number;
}

export interface UploadClientsResult {
  readonly accepted: number;
  /** Answers other than 202. */
  readonly failures: number;
  readonly megabytesPerSecond: number;
}

const { origin, as, callers, photoBytes, seconds } = JSON.parse(process.argv[2] ?? '{}') as UploadClients;
setPriority(constants.priority.PRIORITY_LOW);
const agent = new Agent({ keepAlive: true });
const photos = IMAGE_NAMES.map((name) => [name, randomBytes(photoBytes)] as const);
const [type, body] =
  as === 'form'
    ? [FORM_TYPE, multipart([textPart('user_id', 'bench'), ...photos.map((photo) => photoPart(...photo))])]
    : [
        'application/json',
        Buffer.from(
          JSON.stringify({
            user_id: 'bench',
            ...Object.fromEntries(photos.map(([name, photo]) => [name, dataUrlOf(photo)])),
          }),
        ),
      ];

/** Returns status and body of an answer. */
function call(
  method: string,
  path: string,
  content?: Buffer,
): Promise<readonly [number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const headers = content ? { 'content-type': type, 'content-length': content.length } : {};
    const sent = request(`${origin}${path}`, { method, agent, headers }, (response) => {
      text(response).then((answer) => resolve([response.statusCode, answer]), reject);
    });
    sent.on('error', reject);
    sent.end(content);
  });
}

async function upload(): Promise<boolean> {
  const [status, answer] = await call('POST', '/jobs', body);
  await call('DELETE', `/jobs/${(JSON.parse(answer) as { job_id?: string }).job_id}`);
  return status === 202;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await Promise.all(Array.from({ length: callers }, upload));
print('warm');
const startedAt = performance.now();
const answers: boolean[] = [];
await Promise.all(
  Array.from({ length: callers }, async () => {
    while (performance.now() - startedAt < seconds * 1_000) answers.push(await upload());
  }),
);
const accepted = answers.filter(Boolean).length;
const result: UploadClientsResult = {
  accepted,
  failures: answers.length - accepted,
  megabytesPerSecond: (accepted * body.length) / 1e3 / (performance.now() - startedAt),
};
print(JSON.stringify(result));
agent.destroy();
