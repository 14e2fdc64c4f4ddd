import { hash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type ModelManifest, modelManifestSchema } from '../../../src/shared/models/model-manifest.js';
import { type PhotoSet, servePhotos } from '../../support/photos/photo-set.js';
import { UPLOAD_KEY } from '../../support/photos/upload-photos.js';
import { postJson } from '../../support/programs/api.js';
import {
  metricsUrlOf,
  type Program,
  type RunningService,
  startServiceAt,
  startWorker,
} from '../../support/programs/service.js';
import { type ImageServer, startImageServer } from '../../support/servers/image-server.js';
import { type RedisServer, startRedis } from '../../support/servers/redis-server.js';
import { startTcpProxy, type TcpProxy } from '../../support/servers/tcp-proxy.js';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/servers/webhook-receiver.js';
import { type PrometheusOptions, type PrometheusServer, startPrometheus } from './prometheus-server.js';

const KEYS = { shop: 'shop-0123456789abcdef', bank: 'bank-0123456789abcdef' } as const;
/** A field that protobuf readers skip: number 1,000, with the value 1. */
const UNKNOWN_FIELD = Buffer.from([0xc0, 0x3e, 0x01]);

/** The service with all its surroundings, watched by Prometheus, while the key `shop` compares steadily. */
export interface WatchedService {
  readonly service: RunningService;
  readonly prometheus: PrometheusServer;
  readonly redis: RedisServer;
  /** Between the programs and Redis. */
  readonly link: TcpProxy;
  readonly images: ImageServer;
  readonly receiver: WebhookReceiver;
  readonly photoSet: PhotoSet;
  /** Photos of the steady caller; may be replaced. */
  photos: PhotoSet['same'];
  /** Path at the receiver to which its webhooks go; may be replaced. */
  hook: string;
  /** Starts a worker and has it scraped. */
  addWorker(env?: Readonly<Record<string, string>>): Promise<Program>;
  /** Workers that are scraped. */
  workers(): readonly Program[];
  /** Where a program is scraped, `host:port`. */
  addressOf(program: Program): string | undefined;
  /** Stops a program and forgets it as a target. */
  forget(program: Program): Promise<void>;
  /** Compares and waits for the answer; returns its status. */
  compare(key: keyof typeof KEYS, photos: PhotoSet['same']): Promise<number>;
  /** Does the same with photos in the request: bytes, or text for the URL of one. */
  upload(
    key: keyof typeof KEYS,
    photos: Readonly<Record<string, Buffer | string>>,
    path?: '/compare-faces' | '/jobs',
  ): Promise<number>;
  /** Submits `count` jobs of a key as one batch; returns the status. */
  submit(key: keyof typeof KEYS, job: { user_id: string } & PhotoSet['same'], count: number): Promise<number>;
  erase(key: keyof typeof KEYS, userId: string): Promise<void>;
  /** Writes TENANTS_FILE again, with these lines at its end. */
  writeTenants(lines?: string): void;
  /** A folder with a copy of `lite` that computes the same from other bytes. */
  otherModels(name: string): string;
  stop(): Promise<void>;
}

interface WatchedOptions extends PrometheusOptions {
  /** Between two comparisons of the steady caller, ms. */
  readonly pauseMs: number;
  /** Of API and workers. */
  readonly env?: Readonly<Record<string, string>>;
}

export async function startWatchedService(options: WatchedOptions): Promise<WatchedService> {
  const folder = mkdtempSync(join(tmpdir(), 'face-watched-'));
  const images = await startImageServer();
  const photoSet = await servePhotos(images);
  const receiver = await startWebhookReceiver();
  const redis = await startRedis();
  const link = await startTcpProxy(redis.port);
  const redisUrl = `redis://127.0.0.1:${link.port}`;
  const tenantsFile = join(folder, 'tenants.yaml');
  const writeTenants = (lines = ''): void => {
    const tenants = Object.entries(KEYS).map(([name, key]) => `  ${name}: { keys: [${key}] }\n`);
    // Renamed, as the documentation asks, because the programs read the file at any moment.
    writeFileSync(`${tenantsFile}.new`, `tenants:\n${tenants.join('')}${lines}`);
    renameSync(`${tenantsFile}.new`, tenantsFile);
  };
  writeTenants();
  const env = {
    TENANTS_FILE: tenantsFile,
    UPLOAD_KEYS: UPLOAD_KEY,
    RATE_LIMIT_PER_MINUTE: '100000',
    MAX_TENANT_QUEUE_SHARE: '1',
    // A held photo stays in its download until the test ends it.
    IMAGE_DOWNLOAD_TIMEOUT: '120',
    ...options.env,
  };
  const service = await startServiceAt(redisUrl, { env, workers: 1 });
  const prometheus = await startPrometheus(options);
  const targets = new Map<Program, string>();
  const watch = async (program: Program): Promise<void> => {
    targets.set(program, new URL(await metricsUrlOf(program)).host);
    prometheus.scrape([...targets.values()]);
  };
  for (const program of [service.api, ...service.workers]) await watch(program);
  const headersOf = (key: keyof typeof KEYS) => ({ authorization: `Bearer ${KEYS[key]}` });
  let isStopped = false;

  const watched: WatchedService = {
    service,
    prometheus,
    redis,
    link,
    images,
    receiver,
    photoSet,
    photos: photoSet.same,
    hook: '/steady',
    addWorker: async (own = {}) => {
      const worker = await startWorker(redisUrl, { ...env, ...own });
      await watch(worker);
      return worker;
    },
    workers: () => [...targets.keys()].filter((program) => program !== service.api),
    addressOf: (program) => targets.get(program),
    forget: async (program) => {
      await program.stop();
      targets.delete(program);
      prometheus.scrape([...targets.values()]);
    },
    compare: async (key, { ...images }) =>
      (await postJson(`${service.origin}/compare-faces`, { user_id: 'caller', ...images }, headersOf(key)))
        .status,
    upload: async (key, photos, path = '/compare-faces') => {
      const form = new FormData();
      form.set('user_id', 'caller');
      for (const [name, photo] of Object.entries(photos))
        form.set(name, typeof photo === 'string' ? photo : new Blob([new Uint8Array(photo)]));
      const init = { method: 'POST', headers: headersOf(key), body: form };
      return (await fetch(`${service.origin}${path}`, init)).status;
    },
    submit: async (key, job, count) =>
      (await service.post('/batches', Array(count).fill(job), headersOf(key))).status,
    erase: async (key, userId) => {
      const init = { method: 'DELETE', headers: headersOf(key) };
      await fetch(`${service.origin}/users/${userId}/jobs`, init);
    },
    writeTenants,
    otherModels: (name) => copyModels(join(folder, name)),
    stop: async () => {
      isStopped = true;
      await steady;
      await Promise.all([...targets.keys()].map((program) => program.stop()));
      await prometheus.stop();
      await link.stop();
      await redis.stop();
      await receiver.stop();
      await images.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const compareSteadily = async (): Promise<void> => {
    while (!isStopped) {
      const body = {
        user_id: 'steady',
        ...watched.photos,
        callback_url: `${receiver.origin}${watched.hook}`,
      };
      const answer = await postJson(`${service.origin}/jobs`, body, headersOf('shop')).catch(() => undefined);
      const { job_id: jobId } = ((await answer?.json().catch(() => undefined)) ?? {}) as { job_id?: string };
      const wait = { headers: { ...headersOf('shop'), prefer: 'wait=5' } };
      if (jobId) await fetch(`${service.origin}/jobs/${jobId}`, wait).catch(() => undefined);
      await pause(options.pauseMs);
    }
  };
  const steady = compareSteadily();
  return watched;
}

/** Returns the folder, in which the detector has one more byte sequence that no reader minds. */
function copyModels(folder: string): string {
  mkdirSync(folder);
  cpSync('models/lite', folder, { recursive: true });
  const manifest: ModelManifest = modelManifestSchema.parse(
    JSON.parse(readFileSync('models/lite.json', 'utf8')),
  );
  const path = join(folder, manifest.detector.file);
  const detector = Buffer.concat([readFileSync(path), UNKNOWN_FIELD]);
  writeFileSync(path, detector);
  const files = manifest.files.map((file) =>
    file.name === manifest.detector.file
      ? { ...file, bytes: detector.length, sha256: hash('sha256', detector) }
      : file,
  );
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, files }));
  return folder;
}
