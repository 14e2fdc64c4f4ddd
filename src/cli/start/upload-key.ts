import { randomBytes } from 'node:crypto';

/**
 * Returns `environment` with a key for uploaded photos, unless it has one. Photos live no longer than their jobs, so a new
 * key for every start is enough: what an earlier start left behind cannot be read any more.
 */
export function withUploadKey(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (environment.UPLOAD_KEYS || environment.UPLOAD_KEYS_FILE) return environment;
  return { ...environment, UPLOAD_KEYS: randomBytes(32).toString('base64') };
}
