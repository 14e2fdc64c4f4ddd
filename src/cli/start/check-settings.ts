import {
  ConfigError,
  ENVIRONMENT_NAMES,
  loadApiConfig,
  loadWorkerConfig,
} from '../../shared/config/config.js';
import { environmentFor } from '../../shared/config/program-environment.js';
import { checkUrl } from '../../shared/net/address-policy.js';
import { UserError } from '../user-error.js';
import type { EnvFile } from './greeting.js';

/** Variables of other programs, which people often keep in the same file. */
const FOREIGN = /^(COMPOSE|DOCKER|NODE|OTEL|UV|npm)_|_PROXY$|^(PATH|TZ|TMPDIR)$/i;

/**
 * Returns a warning for each doubtful setting of the two programs and of a .env file.
 * @throws UserError that lists the wrong settings of both programs. Each program checks only its own, and the first one that
 * ends would stop the other.
 */
export function checkSettings(
  environment: NodeJS.ProcessEnv,
  envFile: EnvFile | undefined,
): readonly string[] {
  const problems: string[] = [];
  const warnings = (['api', 'worker'] as const).flatMap((program) => {
    const load = program === 'api' ? loadApiConfig : loadWorkerConfig;
    try {
      return load(environmentFor(program, environment)).warnings;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new UserError(new ConfigError([...new Set(problems)]).message);
  return [...new Set(warnings), ...(envFile?.warnings ?? []), ...describeUnknown(envFile)];
}

/** True if a service with these settings can fetch photos from 127.0.0.1. */
export function canFetchLoopback(environment: NodeJS.ProcessEnv): boolean {
  try {
    checkUrl('http://127.0.0.1:1/photo.jpg', loadApiConfig(environment).config.addressPolicy, 'image');
    return true;
  } catch {
    return false;
  }
}

/** Without this warning, an operator who misspells API_KEYS would believe that the service is closed. */
function describeUnknown(file: EnvFile | undefined): readonly string[] {
  const unknown = (file?.names ?? []).filter(
    (name) => !ENVIRONMENT_NAMES.includes(name.replace(/_FILE$/, '')) && !FOREIGN.test(name),
  );
  return unknown.length === 0
    ? []
    : [`${file?.path} sets ${unknown.join(', ')}, which this service does not know`];
}
