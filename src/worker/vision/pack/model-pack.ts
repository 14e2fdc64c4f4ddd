import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KnownRecogniser, ModelManifest } from '../../../shared/models/model-manifest.js';
import type { FaceDetector } from '../detect/face-detector.js';
import { hasScrfdOutputs } from '../detect/scrfd/scrfd.js';
import { createScrfdDetector } from '../detect/scrfd/scrfd-detector.js';
import { createUltrafaceDetector } from '../detect/ultraface/ultraface-detector.js';
import { createYunetDetector } from '../detect/yunet/yunet-detector.js';
import { ALIGNED_SIDE_PX } from '../face/align-face.js';
import { createFaceEmbedder, type FaceEmbedder, type NormBand } from '../face/embed-face.js';
import type { Normalisation } from '../image/to-tensor.js';
import { createOnnxModel, type OnnxModel, type OnnxOptions } from '../onnx/onnx-session.js';
import type { RecognisabilityData } from '../recognisability/rate-face.js';
import { readRecognisability } from '../recognisability/recognisability-data.js';
import { runSelfTest } from './self-test.js';
import { readVerified } from './verify-pack.js';

/** The parts of a pack's manifest that vision needs. */
export type PackManifest = Pick<
  ModelManifest,
  'name' | 'files' | 'detector' | 'recogniser' | 'self_test' | 'recognisability'
>;

/**
 * A folder in InsightFace's layout, without a manifest. Its models are identified by their shapes and get RGB, except a
 * recogniser of another pack: its bytes say what it gets and how to recognise its faces.
 */
export interface FolderPack {
  readonly recognisers: readonly KnownRecogniser[];
}

export interface PackOptions extends OnnxOptions {
  /** Folder that holds the pack's .onnx files. */
  readonly packFolder: string;
  readonly manifest: PackManifest | FolderPack;
  readonly detectionSize: number;
}

/** Identity of the models behind an embedding. */
export interface PackIdentity {
  /** SHA-256 of each model file as published, hex. For UltraFace that of its box model. */
  readonly detector: string;
  readonly recogniser: string;
  /** Execution provider that runs the recogniser. */
  readonly executionProvider: string;
  /** False if the recogniser has no recognisability block, so that faces pass the general checks alone. */
  readonly hasRecognisability: boolean;
}

/** A loaded and tested pack. Its parts are not reentrant. */
export interface ModelPack {
  readonly detector: FaceDetector;
  readonly embedder: FaceEmbedder;
  readonly normBand: NormBand;
  readonly recognisability: RecognisabilityData;
  readonly identity: PackIdentity;
  close(): Promise<void>;
}

/** The parts of a pack before they are tested. */
interface PackParts {
  readonly detector: FaceDetector;
  /** SHA-256 of the detector's model, hex. */
  readonly detectorDigest: string;
  readonly recogniser: LoadedFile;
  /** Every model that is to be closed. */
  readonly models: readonly OnnxModel[];
}

type DetectorParts = Omit<PackParts, 'recogniser'>;
type LoadFile = (name: string) => Promise<LoadedFile>;

interface LoadedFile {
  readonly model: OnnxModel;
  readonly sha256: string;
}

/** Normalisations of InsightFace's packs. */
const SCRFD_INPUT: Normalisation = { mean: 127.5, std: 128, channels: 'rgb' };
const ARCFACE_INPUT: Normalisation = { mean: 127.5, std: 127.5, channels: 'rgb' };

/** Length of the embeddings of InsightFace's recognisers. */
const INSIGHTFACE_EMBEDDING_LENGTH = 512;

/** Published recognisers have norms between 1 and 40; a flipped bit can make 1e35. */
const WIDE_NORM_BAND: NormBand = { least: 0.05, most: 1000 };

/** Factor by which norms of faces can differ from those of the self-test's inputs. */
const NORM_FACTOR = 20;

/** Files of InsightFace's packs that this service does not use. Skipped by name, which saves loading 144 MB. */
const UNUSED_FILES = /^(1k3d68|2d106det|genderage)\.onnx$/i;

/**
 * Loads a pack: files verified, models loaded, self-test passed.
 * @throws Error that says what is missing, damaged or unsuitable, and the command that fixes it.
 */
export async function loadModelPack(options: PackOptions): Promise<ModelPack> {
  const { manifest } = options;
  const isFolder = 'recognisers' in manifest;
  const { detector, detectorDigest, recogniser, models } = isFolder
    ? await loadInsightFaceLayout(options)
    : await loadByManifest(options, manifest);
  const known = isFolder
    ? manifest.recognisers.find(({ digests }) => digests.includes(recogniser.sha256))
    : manifest;
  const embedder = createFaceEmbedder(recogniser.model, known?.recogniser ?? ARCFACE_INPUT);
  const golden = known?.self_test;
  await runSelfTest(embedder, golden);
  return {
    detector,
    embedder,
    normBand: golden ? bandAround(golden.norms) : WIDE_NORM_BAND,
    recognisability: readRecognisability(known?.recognisability, embedder.embeddingLength),
    identity: {
      detector: detectorDigest,
      recogniser: recogniser.sha256,
      executionProvider: recogniser.model.provider,
      hasRecognisability: known?.recognisability !== undefined,
    },
    close: async () => {
      await Promise.all(models.map((model) => model.close()));
    },
  };
}

async function loadByManifest(options: PackOptions, manifest: PackManifest): Promise<PackParts> {
  const load: LoadFile = async (name) => {
    const { bytes, sha256 } = await readVerified(options.packFolder, name, manifest);
    return { model: await loadNamed(name, bytes, options), sha256 };
  };
  const parts = await loadDetector(manifest.detector, options.detectionSize, load);
  const recogniser = await load(manifest.recogniser.file);
  return { ...parts, recogniser, models: [...parts.models, recogniser.model] };
}

async function loadDetector(
  manifest: PackManifest['detector'],
  detectionSize: number,
  load: LoadFile,
): Promise<DetectorParts> {
  const { model, sha256 } = await load(manifest.file);
  const settings = { normalisation: manifest, detectionSize };
  switch (manifest.kind) {
    case 'scrfd':
      return { detector: createScrfdDetector(model, settings), detectorDigest: sha256, models: [model] };
    case 'yunet':
      return { detector: createYunetDetector(model, settings), detectorDigest: sha256, models: [model] };
    case 'ultraface': {
      const landmarks = (await load(manifest.landmark_file)).model;
      const detector = createUltrafaceDetector({ boxes: model, landmarks }, settings);
      return { detector, detectorDigest: sha256, models: [model, landmarks] };
    }
  }
}

/**
 * Loads the first detector and the first recogniser of a folder, ordered by name, as InsightFace does.
 * @see deepinsight/insightface python-package/insightface/model_zoo/model_zoo.py, ModelRouter (MIT)
 */
async function loadInsightFaceLayout(options: PackOptions): Promise<PackParts> {
  const folder = options.packFolder;
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    const state = cause.code === 'ENOENT' ? 'does not exist' : `cannot be read as a folder (${cause.code})`;
    throw new Error(
      `The folder ${folder} ${state}; INSIGHTFACE_MODEL names it. Packs by name: npm run models -- list`,
      { cause },
    );
  });
  if (!names.some((name) => name.endsWith('.onnx')))
    throw new Error(`The folder ${folder} holds no .onnx files; INSIGHTFACE_MODEL names it.`);
  let detector: LoadedFile | undefined;
  let recogniser: LoadedFile | undefined;
  for (const name of names.filter((file) => file.endsWith('.onnx') && !UNUSED_FILES.test(file)).toSorted()) {
    const bytes = await readFile(join(folder, name));
    const file = { model: await loadNamed(name, bytes, options), sha256: hash('sha256', bytes) };
    const kind = kindOf(file.model);
    if (kind === 'detector' && !detector) detector = file;
    else if (kind === 'recogniser' && !recogniser) recogniser = file;
    else await file.model.close();
  }
  if (detector && recogniser) {
    const settings = { normalisation: SCRFD_INPUT, detectionSize: options.detectionSize };
    return {
      detector: createScrfdDetector(detector.model, settings),
      detectorDigest: detector.sha256,
      recogniser,
      models: [detector.model, recogniser.model],
    };
  }
  const missing = detector ? 'recogniser (112 × 112 to 512 numbers)' : 'SCRFD detector with five points';
  throw new Error(
    `The model pack ${basename(folder)} has no ${missing}. Run: npm run models -- fetch ${basename(folder)}`,
  );
}

function kindOf({ input, outputs }: OnnxModel): 'detector' | 'recogniser' | 'other' {
  if (hasScrfdOutputs(outputs.map(({ shape }) => shape))) return 'detector';
  const [, channels, height, width] = input.shape;
  const isAligned = channels === 3 && height === ALIGNED_SIDE_PX && width === ALIGNED_SIDE_PX;
  return isAligned && outputs[0]?.shape.at(-1) === INSIGHTFACE_EMBEDDING_LENGTH ? 'recogniser' : 'other';
}

async function loadNamed(name: string, bytes: Uint8Array, options: OnnxOptions): Promise<OnnxModel> {
  return createOnnxModel(bytes, options).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The model file ${name} ${reason}`, { cause });
  });
}

function bandAround(norms: readonly number[]): NormBand {
  return { least: Math.min(...norms) / NORM_FACTOR, most: Math.max(...norms) * NORM_FACTOR };
}
