import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../user-error.js';

/** What one run of `npm start` is to do. */
export interface StartSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The environment brings no webhook secret: one has to be made. */
  readonly needsWebhookSecret: boolean;
  /** Absolute path of a folder whose photos are to be served on loopback. */
  readonly photos: string | undefined;
  /** The environment of both programs so far: what the caller set, and this command's own defaults. */
  readonly environment: NodeJS.ProcessEnv;
}

export const USAGE = `Usage: npm start -- [--port 9000] [--host 0.0.0.0] [--photos FOLDER] [--env-file .env]
Everything else comes from the environment and .env; .env.example lists it.`;

/**
 * Reads arguments and environment. Unlike a deployment, a trial listens on loopback only, fetches photos from loopback
 * then, and uses the pack that needs no licence, unless told otherwise.
 * @param modelsDir absolute path of the packs that came with the program
 * @throws UserError on an unknown argument or a wrong port.
 */
export function readSettings(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  modelsDir: string,
): StartSettings {
  const options = parseOptions(args);
  const isSet = (name: string): boolean => Boolean(environment[name] || environment[`${name}_FILE`]);
  const host = options.host ?? (environment.HOST || '127.0.0.1');
  // Set to nothing it keeps loopback closed: only here does the variable have a default.
  const opensLoopback =
    isLoopback(host) && environment.ALLOWED_PRIVATE_HOSTS === undefined && !isSet('ALLOWED_PRIVATE_HOSTS');
  return {
    host,
    port: readPort(options.port ?? (environment.PORT || '8333')),
    needsWebhookSecret: !isSet('WEBHOOK_SECRETS'),
    photos: options.photos === undefined ? undefined : resolve(options.photos),
    environment: {
      ...environment,
      HOST: host,
      ...(isSet('INSIGHTFACE_MODEL') ? {} : { INSIGHTFACE_MODEL: 'lite' }),
      ...(isSet('MODELS_DIR') ? {} : { MODELS_DIR: modelsDir }),
      ...(isSet('WORKER_HOST') ? {} : { WORKER_HOST: '127.0.0.1' }),
      ...(opensLoopback ? { ALLOWED_PRIVATE_HOSTS: 'localhost,127.0.0.0/8,::1' } : {}),
    },
  };
}

/** True when only programs of this machine reach a service that listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function parseOptions(args: readonly string[]): { port?: string; host?: string; photos?: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', short: 'p' },
        host: { type: 'string' },
        photos: { type: 'string' },
        // Read before this program was compiled.
        'env-file': { type: 'string' },
      },
    });
    return values;
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${USAGE}`);
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError(`The port must be a whole number from 0 to 65535, not ${JSON.stringify(text)}.`);
}
