import type { ServerResponse } from 'node:http';
import { webhookBodySchema } from '../../src/shared/contract.js';
import type { ImageServer } from '../../test/support/image-server.js';
import { cropFace, OTHER_PERSON, photoWithoutFace, SAME_PERSON } from '../../test/support/photos.js';
import { WEBHOOK_SECRET } from '../../test/support/service.js';
import { type ReceivedWebhook, verifyReceived } from '../../test/support/webhook-receiver.js';
import type { Tally } from './tally.js';

/** A request and, once it was asked without any fault, how it ends. */
export interface Case {
  readonly body: object;
  readonly isFlaky: boolean;
  reference?: string;
}

/** Small photos, so that ten thousand jobs are minutes of work. */
const WIDTH_PX = 160;
const IMAGE_FAILURES = 0.1;
const WEBHOOK_FAILURES = 0.2;
const SLOW_WEBHOOKS = 0.05;
const SLOW_WEBHOOK_MS = 3_000;

/** Serves the photos and returns the requests of which a run is made. */
export async function prepareCases(images: ImageServer, tally: Tally): Promise<readonly Case[]> {
  const [first, second] = SAME_PERSON;
  const crop = async (name: string, photo: Promise<Buffer>): Promise<string> =>
    images.serve(name, await photo);
  const same = {
    back_image: await crop('/back.jpg', cropFace(first, { margin: 0.3, widthPx: WIDTH_PX })),
    front_image1: await crop('/front1.jpg', cropFace(first, { margin: 0.2, widthPx: WIDTH_PX, quality: 75 })),
    front_image2: await crop('/front2.jpg', cropFace(second, { margin: 0.3, widthPx: WIDTH_PX })),
    front_image3: await crop(
      '/front3.jpg',
      cropFace(second, { margin: 0.2, widthPx: WIDTH_PX, quality: 80 }),
    ),
  };
  const other = await crop('/other.jpg', cropFace(OTHER_PERSON, { margin: 0.3, widthPx: WIDTH_PX }));
  const faceless = await crop('/faceless.jpg', photoWithoutFace());
  const flaky = images.serve('/flaky.jpg', (_request, response) => {
    const fails = Math.random() < IMAGE_FAILURES;
    if (fails) tally.faults.image_failures += 1;
    if (fails) response.writeHead(503).end();
    else response.writeHead(302, { location: same.front_image1 }).end();
  });
  const strangers = { front_image1: other, front_image2: other, front_image3: other };
  return [
    { body: same, isFlaky: false },
    { body: { ...same, front_image1: flaky, min_matches: 3, threshold: 0.2 }, isFlaky: true },
    { body: { ...same, ...strangers }, isFlaky: false },
    { body: { ...same, back_image: faceless }, isFlaky: false },
  ];
}

/** What webhooks told: job id → every different body. */
export type Told = Map<string, Set<string>>;

/** Returns a receiver that fails some deliveries at their first attempt, is slow at others, and notes genuine bodies. */
export function createReceiver(told: Told, tally: Tally) {
  const failed = new Set<string>();
  return (response: ServerResponse, webhook: ReceivedWebhook): void => {
    if (!failed.has(webhook.id) && Math.random() < WEBHOOK_FAILURES) {
      failed.add(webhook.id);
      tally.faults.webhook_failures += 1;
      response.writeHead(500).end();
      return;
    }
    const { job_id: jobId } = webhookBodySchema.parse(verifyReceived(webhook, WEBHOOK_SECRET)).data;
    told.set(jobId, (told.get(jobId) ?? new Set()).add(webhook.rawBody.toString()));
    const isSlow = Math.random() < SLOW_WEBHOOKS;
    if (isSlow) tally.faults.slow_webhooks += 1;
    setTimeout(() => response.writeHead(204).end(), isSlow ? SLOW_WEBHOOK_MS : 0);
  };
}
