import { Hono } from 'hono';
import type { ModelManifest } from '../../shared/models/model-manifest.js';
import type { AppContext } from '../http/app-context.js';

export interface ModelsDependencies {
  readonly model: string;
  readonly manifests: readonly ModelManifest[];
}

/** `GET /models`: the packs this version knows, which one answers here, and which threshold means which error rate. */
export function createModelsRoute(deps: ModelsDependencies): Hono<AppContext> {
  const models = deps.manifests.map(({ name, description, licence, calibration }) => ({
    name,
    in_use: name === deps.model,
    description,
    licence: { name: licence.name, commercial_use: licence.commercial_use, url: licence.url },
    calibration,
  }));
  return new Hono<AppContext>().get('/models', (context) => context.json({ in_use: deps.model, models }));
}
