import { toVerificationError } from '../../shared/errors.js';
import { analyseImage } from './analyse-image.js';
import { blockUntrustedLoaders } from './decode-image.js';
import { loadModelPack, type ModelPack } from './model-pack.js';
import type { VisionSettings } from './types.js';
import { type ProcessMessage, type StartMessage, toRefusal, type WorkerMessage } from './vision-protocol.js';

// Entry point of a vision process: started by vision-child.ts with an IPC channel, of no use by itself.

interface Workplace {
  readonly pack: ModelPack;
  readonly settings: VisionSettings;
}

function main(): void {
  // The worker decides when a process ends; a terminal's Ctrl-C or a container's SIGTERM reaches both.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  // SIGKILL, because process.exit waits for a decoder that hangs and aborts in the middle of a native run.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  let workplace: Promise<Workplace> | undefined;
  process.on('message', (message: WorkerMessage) => {
    if (message.kind === 'start') {
      workplace = start(message);
      return;
    }
    if (!workplace) throw new Error('this is a bug: a photo came before the start');
    void workplace.then((place) => analyse(message.bytes, place)).then(send);
  });
}

async function start({ settings, manifest }: StartMessage): Promise<Workplace> {
  try {
    blockUntrustedLoaders(settings.imageFormats);
    const pack = await loadModelPack({ ...settings, manifest });
    send({ kind: 'ready', identity: pack.identity });
    return { pack, settings };
  } catch (error) {
    send({ kind: 'unfit', message: error instanceof Error ? error.message : String(error) });
    // The worker answers by ending this process.
    return new Promise(() => undefined);
  }
}

async function analyse(bytes: Uint8Array, { pack, settings }: Workplace): Promise<ProcessMessage> {
  try {
    const analysis = await analyseImage(bytes, pack, settings);
    return { kind: 'analysed', analysis, rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return toRefusal(toVerificationError(error), process.memoryUsage.rss());
  }
}

function send(message: ProcessMessage): void {
  process.send?.(message);
}

main();
