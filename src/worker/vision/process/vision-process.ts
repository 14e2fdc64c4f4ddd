import { toVerificationError } from '../../../shared/errors.js';
import { analyseImage } from '../analyse-image.js';
import { blockUntrustedLoaders } from '../image/decode-image.js';
import { loadModelPack, type ModelPack } from '../pack/model-pack.js';
import type { VisionSettings } from '../types.js';
import { PHOTO_PIPE_FD, receivePhotos } from './photo-pipe.js';
import { type ProcessMessage, type ProcessUsage, type StartMessage, toRefusal } from './vision-protocol.js';

// Entry point of a vision process. vision-child.ts starts it with an IPC channel and a pipe for photos.

interface Workplace {
  readonly pack: ModelPack;
  readonly settings: VisionSettings;
}

function main(): void {
  // Ctrl-C in a terminal and SIGTERM in a container reach this process too, but the worker decides when it ends.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  // SIGKILL, because process.exit waits for a decoder that hangs, and aborts during native inference.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  let workplace: Promise<Workplace> | undefined;
  process.on('message', (message: StartMessage) => {
    workplace = start(message);
  });
  receivePhotos(PHOTO_PIPE_FD, (bytes) => {
    if (!workplace) throw new Error('this is a bug: a photo arrived before the start message');
    void workplace.then((place) => analyse(bytes, place)).then(send);
  });
}

async function start({ settings, manifest }: StartMessage): Promise<Workplace> {
  try {
    blockUntrustedLoaders(settings.imageFormats);
    const pack = await loadModelPack({ ...settings, manifest });
    send({ kind: 'ready', identity: pack.identity, usage: readUsage() });
    return { pack, settings };
  } catch (error) {
    send({ kind: 'unfit', message: error instanceof Error ? error.message : String(error) });
    // The worker then ends this process.
    return new Promise(() => undefined);
  }
}

async function analyse(bytes: Uint8Array, { pack, settings }: Workplace): Promise<ProcessMessage> {
  try {
    const analysis = await analyseImage(bytes, pack, settings);
    return { kind: 'analysed', analysis, usage: readUsage() };
  } catch (error) {
    return toRefusal(toVerificationError(error), readUsage());
  } finally {
    bytes.fill(0);
  }
}

function readUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000 };
}

function send(message: ProcessMessage): void {
  process.send?.(message);
}

main();
