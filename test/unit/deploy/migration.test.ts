import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadApiConfig, loadWorkerConfig } from '../../../src/shared/config/config.js';
import { readSample } from '../../support/programs/document-sample.js';
import { readFromRoot } from './read-dockerfile.js';

const path = 'docs/migration.md';
const changed = z.object({
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
});
const overrideSchema = z.object({
  services: z.record(z.string(), changed),
  volumes: z.record(z.string(), z.null()),
});
const ours = z
  .object({ services: z.record(z.string(), changed) })
  .parse(parse(readFromRoot('docker-compose.yml'), { merge: true }));

describe('the compose files of docs/migration.md', () => {
  it('include ours and call the API by the name of its service and its port', () => {
    const project = z
      .object({
        include: z.tuple([z.object({ path: z.array(z.string()) })]),
        services: z.object({ backend: z.object({ environment: z.record(z.string(), z.url()) }) }),
      })
      .parse(parse(readSample({ path, language: 'yaml', mark: 'include:' }, {})));
    const url = new URL(project.services.backend.environment.FACE_VERIFICATION_URL ?? '');

    expect(project.include[0].path[0]).toMatch(/\/docker-compose\.yml$/);
    expect(Object.keys(ours.services)).toContain(url.hostname);
    expect(url.port).toBe(ours.services[url.hostname]?.environment?.PORT);
  });

  it('change only services of ours, to settings that API and worker accept', () => {
    const { services, volumes } = overrideSchema.parse(
      parse(readSample({ path, language: 'yaml', mark: 'insightface_models:' }, {})),
    );

    for (const [name, { environment = {}, volumes: mounts = [] }] of Object.entries(services)) {
      expect(Object.keys(ours.services)).toContain(name);
      for (const load of [loadApiConfig, loadWorkerConfig])
        expect(load(environment).config).toMatchObject({
          INSIGHTFACE_MODEL: '/models/models/buffalo_l',
          MODELS_DIR: '/app/models',
        });
      for (const mount of mounts) {
        const [volume = '', folder = ''] = mount.split(':');
        expect(Object.keys(volumes)).toContain(volume);
        // It takes the place of our own volume, and the pack lies below it.
        expect(ours.services[name]?.volumes?.map((own) => own.split(':')[1])).toEqual([folder]);
        expect(environment.INSIGHTFACE_MODEL).toMatch(new RegExp(`^${folder}/models/`));
      }
    }
    // The script of the models step, which would write to a volume that it may not write to, leaves folders alone.
    expect(readFromRoot('deploy/fetch-models.sh')).toMatch(/\*\/\*\)[^\n]*nothing to download/);
  });
});
