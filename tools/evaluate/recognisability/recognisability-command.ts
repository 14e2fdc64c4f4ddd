import { mkdirSync, readdirSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { loadToolConfig } from '../../../src/cli/local/open-vision.js';
import { UserError } from '../../../src/cli/user-error.js';
import { listRecognisers, packName, readManifest } from '../../../src/shared/models/model-catalogue.js';
import { loadModelPack } from '../../../src/worker/vision/pack/model-pack.js';
import type { RecognisabilityData } from '../../../src/worker/vision/recognisability/rate-face.js';
import { listFolders, listPhotos } from '../plan/list-photos.js';
import type { LabelledExample } from './acceptance-table.js';
import { measureFaces, type PersonPhoto } from './measure-faces.js';
import { reportRecognisability } from './report-recognisability.js';

export interface RecognisabilityOptions {
  /** A folder of photos of one person each, or a folder for each person. */
  readonly folder: string;
  readonly pack: string | undefined;
  readonly out: string | undefined;
  readonly datasetName: string;
  readonly threshold: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Fewer persons say nothing about hundreds of dimensions. */
const LEAST_PERSONS = 40;

/**
 * Measures the recognisability check with a pack, as it is and with a block made from the photos, and writes that block
 * for the pack's manifest. If the signal aborts, the report covers the photos so far.
 * @throws UserError; the signal's reason if it aborts before LEAST_PERSONS persons are measured.
 */
export async function measureRecognisability(options: RecognisabilityOptions): Promise<void> {
  const photos = listPersons(options.folder);
  const persons = new Set(photos.map(({ person }) => person)).size;
  options.say(`${photos.length} photos of ${persons} persons.`);
  if (persons < LEAST_PERSONS)
    throw new UserError(`At least ${LEAST_PERSONS} persons are needed, better 400.`);
  const { config } = loadToolConfig(options.pack);
  const { examples, data } = await measureAll(photos, config, options);
  const out = options.out ?? join('evaluation', `recognisability-${packName(config.INSIGHTFACE_MODEL)}`);
  mkdirSync(out, { recursive: true });
  reportRecognisability(examples, { ...options, data, out });
}

async function measureAll(
  photos: readonly PersonPhoto[],
  config: ReturnType<typeof loadToolConfig>['config'],
  { say, signal, seed }: RecognisabilityOptions,
): Promise<{ readonly examples: readonly LabelledExample[]; readonly data: RecognisabilityData }> {
  const { settings } = config.vision;
  const manifest = readManifest(config.MODELS_DIR, config.INSIGHTFACE_MODEL) ?? {
    recognisers: listRecognisers(config.MODELS_DIR),
  };
  const pack = await loadModelPack({ ...settings, manifest });
  const examples: LabelledExample[] = [];
  try {
    let done = 0;
    for await (const faces of measureFaces(photos, { pack, settings, seed })) {
      examples.push(...faces);
      done += 1;
      if (done % 25 === 0) say(`${done} of ${photos.length} photos, ${examples.length} faces.`);
      if (signal.aborted) break;
    }
    const persons = new Set(photos.slice(0, done).map(({ person }) => person)).size;
    if (persons < LEAST_PERSONS) signal.throwIfAborted();
    if (signal.aborted) say(`Stopped: the report covers ${done} of ${photos.length} photos.`);
  } finally {
    await pack.close();
  }
  return { examples, data: pack.recognisability };
}

function listPersons(folder: string): readonly PersonPhoto[] {
  const root = resolve(folder);
  if (listFolders(root).length > 0) {
    return listPhotos(root).flatMap(({ name, photos }) =>
      photos.map((photo) => ({ person: name, path: join(root, photo) })),
    );
  }
  return readdirSync(root)
    .filter((name) => /\.(jpe?g|png|webp)$/i.test(name))
    .map((name) => ({ person: basename(name, extname(name)), path: join(root, name) }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
