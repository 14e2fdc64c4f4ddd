import { loadApiConfig, loadWorkerConfig } from '../../src/shared/config/config.js';
import { clientVariables } from '../../src/shared/config/variables.js';

export type Program = 'API' | 'worker' | 'face-verify';

/** Variables that both programs check and only one uses. */
const USED_BY_ONE: Readonly<Record<string, Program>> = {
  DETECTION_SIZE: 'worker',
  FACE_MATCH_THRESHOLD: 'API',
  FACE_MATCH_MIN_MATCHES: 'API',
  IMAGE_DOWNLOAD_TIMEOUT: 'worker',
  LOG_USER_ID: 'worker',
};

/** Returns the programs that use a variable. */
export function programsThatUse(name: string): readonly Program[] {
  const only = USED_BY_ONE[name];
  if (only) return [only];
  const configs: Readonly<Record<Program, object>> = {
    'face-verify': clientVariables,
    API: loadApiConfig({}).config,
    worker: loadWorkerConfig({}).config,
  };
  return (['API', 'worker', 'face-verify'] as const).filter((program) => name in configs[program]);
}
