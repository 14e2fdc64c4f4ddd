import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../user-error.js';

/** Settings of one run of `npm start`. */
export interface StartSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** True if the environment has no webhook secret, so that one must be created. */
  readonly needsWebhookSecret: boolean;
  /** The same for the keys that sign receipts. */
  readonly needsReceiptKeys: boolean;
  /** True if the environment does not say which samples the demo page offers. */
  readonly needsDemoPhotos: boolean;
  /** Absolute path of a folder whose photos are served on loopback. */
  readonly photos: string | undefined;
  /** The environment of both programs so far: the caller's, with the defaults of this command. */
  readonly environment: NodeJS.ProcessEnv;
}

export const USAGE = `Usage: npm start -- [--port 9000] [--host 0.0.0.0] [--photos FOLDER] [--env-file .env]
All other settings come from the environment and .env; .env.example lists them.`;

/**
 * Reads arguments and environment. Unlike a deployment, `npm start` by default listens only on loopback, then also fetches
 * photos from loopback, and uses the pack without licence restrictions.
 * @param modelsDir absolute path of the packs included with the program
 * @throws UserError for an unknown argument or a wrong port.
 */
export function readSettings(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  modelsDir: string,
): StartSettings {
  const options = parseOptions(args);
  const isSet = (name: string): boolean => Boolean(environment[name] || environment[`${name}_FILE`]);
  const host = options.host ?? (environment.HOST || '127.0.0.1');
  // An empty value keeps loopback closed. Only this command has a default for the variable.
  const opensLoopback =
    isLoopback(host) && environment.ALLOWED_PRIVATE_HOSTS === undefined && !isSet('ALLOWED_PRIVATE_HOSTS');
  return {
    host,
    port: readPort(options.port ?? (environment.PORT || '8333')),
    needsWebhookSecret: !isSet('WEBHOOK_SECRETS'),
    needsReceiptKeys: !isSet('RECEIPT_KEYS'),
    needsDemoPhotos: !isSet('DEMO_PHOTOS'),
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

/** True if only programs on this machine can reach a service that listens on `host`. */
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
        // The script that builds this program has already read it.
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
