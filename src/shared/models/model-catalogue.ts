import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { explainIssue } from '../explain-issue.js';
import { readText } from '../runtime/read-text.js';
import { type KnownRecogniser, type ModelManifest, modelManifestSchema } from './model-manifest.js';

/** Returns the bare name of a pack given by name or by folder: `lite`, `my_pack` for `/models/my_pack/`. */
export function packName(model: string): string {
  return basename(model.replace(/[/\\]+$/, ''));
}

/**
 * Returns the manifest of a pack, or undefined for a folder without one (InsightFace layout). A pack given by name has
 * `<modelsDir>/<name>.json`; one given by folder can have a `manifest.json`. Without a recognisability block of its own,
 * it gets that of a pack in `modelsDir` with the same recogniser.
 * @throws Error that names the file if a manifest exists but is invalid.
 */
export function readManifest(modelsDir: string, model: string): ModelManifest | undefined {
  const manifest = parseManifest(
    isFolder(model) ? join(model, 'manifest.json') : join(modelsDir, `${packName(model)}.json`),
  );
  if (!manifest || manifest.recognisability || !existsSync(modelsDir)) return manifest;
  const recogniser = recogniserOf(manifest);
  const twin = listManifests(modelsDir).find(
    (other) => other.recognisability && recogniserOf(other) === recogniser,
  );
  return twin ? { ...manifest, recognisability: twin.recognisability } : manifest;
}

/**
 * Returns the recognisers of every pack in `modelsDir`, those with a recognisability block first. With them, vision knows a
 * recogniser in a folder without a manifest by its bytes.
 */
export function listRecognisers(modelsDir: string): readonly KnownRecogniser[] {
  if (!existsSync(modelsDir)) return [];
  const known = listManifests(modelsDir).map((manifest): KnownRecogniser => {
    const { recogniser, self_test, recognisability } = manifest;
    const file = manifest.files.find(({ name }) => name === recogniser.file);
    const digests = [file?.sha256, file?.derived?.sha256].filter((digest) => digest !== undefined);
    return { recogniser, self_test, recognisability, digests };
  });
  return known.toSorted((one, other) => Number(!one.recognisability) - Number(!other.recognisability));
}

/** Everything that makes two recognisers give the same embedding for the same aligned face. */
function recogniserOf({ files, recogniser }: ModelManifest): string {
  const sha256 = files.find(({ name }) => name === recogniser.file)?.sha256;
  const { mean, std, channels } = recogniser;
  return JSON.stringify([sha256, mean, std, channels]);
}

/** Returns the folder of a pack's weights: the given folder, or `<modelsDir>/<name>`. */
export function packFolder(modelsDir: string, model: string): string {
  return isFolder(model) ? model : join(modelsDir, model);
}

/** Returns every manifest in `modelsDir`, by name. */
export function listManifests(modelsDir: string): readonly ModelManifest[] {
  const names = readdirSync(modelsDir).filter((name) => name.endsWith('.json'));
  return names.sort().flatMap((name) => parseManifest(join(modelsDir, name)) ?? []);
}

function isFolder(model: string): boolean {
  return /[/\\]/.test(model);
}

function parseManifest(path: string): ModelManifest | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  const parsed = modelManifestSchema.safeParse(JSON.parse(text), { error: explainIssue });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${path} is not a model manifest: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return parsed.data;
}
