import { dequantise } from './dequantise.js';
import {
  DATA_TYPE,
  enclose,
  type Field,
  fieldsOf,
  GRAPH,
  mapGraph,
  type Node,
  readFloats,
  readNode,
  readTensor,
  readWholeNumbers,
  type StoredTensor,
  writeFloatTensor,
} from './onnx-messages.js';

const NAME_FIELD = 1;

interface Weights {
  readonly dims: number[];
  readonly values: Float32Array;
}

/** The constants of a graph: those stored in the file, and those computed from them. */
interface Constants {
  readonly stored: ReadonlyMap<string, Uint8Array>;
  readonly folded: Map<string, Weights>;
}

/**
 * Returns the ONNX model in `model` with everything precomputed that depends on constants only: 8-bit weights become
 * float32 (DequantizeLinear per tensor, axis or block) and get their shape (Reshape). Removes inputs that are weights or
 * unused, and unused constants. Undefined if nothing changes. `model` is only read.
 * @throws Error if the bytes are not an ONNX model.
 */
export function foldWeights(model: Uint8Array): Uint8Array | undefined {
  return mapGraph(model, foldGraph);
}

function foldGraph(fields: readonly Field[]): Uint8Array[] | undefined {
  const constants: Constants = { stored: readInitializers(fields), folded: new Map() };
  const read = new Set(fields.filter(({ tag }) => tag === GRAPH.output).map(nameOf));
  const unfolded = fields.filter((field) => {
    if (field.tag !== GRAPH.node || !field.bytes) return true;
    const node = readNode(field.bytes);
    const weights = foldNode(node, constants);
    if (weights) constants.folded.set(node.outputs[0] ?? '', weights);
    else for (const input of node.inputs) read.add(input);
    return !weights;
  });
  const isInput = (name: string) =>
    read.has(name) && !constants.stored.has(name) && !constants.folded.has(name);
  const left = unfolded.filter((field) => field.tag !== GRAPH.input || isInput(nameOf(field)));
  if (left.length === fields.length) return undefined;
  const kept = left.filter(({ tag, bytes }) => {
    if (tag === GRAPH.initializer && bytes) return read.has(readTensor(bytes).name);
    // Optional shape annotations; some would describe removed values.
    return tag !== GRAPH.valueInfo;
  });
  const added = [...constants.folded].filter(([name]) => read.has(name));
  return [
    ...kept.map(({ raw }) => raw),
    ...added.flatMap(([name, { dims, values }]) =>
      enclose(GRAPH.initializer, [writeFloatTensor(name, dims, values)]),
    ),
  ];
}

/** Returns the result of a node that reads only constants; undefined if it reads anything else or has another type. */
function foldNode({ opType, inputs, ints }: Node, { stored, folded }: Constants): Weights | undefined {
  const tensors = inputs.map((name) => stored.get(name)).map((bytes) => bytes && readTensor(bytes));
  if (opType === 'DequantizeLinear') {
    const [quantised, scale, zero] = tensors;
    if (!quantised || !scale || scale.dataType !== DATA_TYPE.float32) return undefined;
    return dequantiseTensors({ quantised, scale, zero }, ints);
  }
  const weights = folded.get(inputs[0] ?? '');
  const shape = tensors[1] && readWholeNumbers(tensors[1]);
  if (opType !== 'Reshape' || !weights || !shape) return undefined;
  const dims = Array.from(shape);
  const count = dims.reduce((product, size) => product * size, 1);
  return count === weights.values.length && dims.every((size) => size > 0)
    ? { dims, values: weights.values }
    : undefined;
}

function dequantiseTensors(
  tensors: { quantised: StoredTensor; scale: StoredTensor; zero: StoredTensor | undefined },
  ints: Node['ints'],
): Weights | undefined {
  const { dims } = tensors.quantised;
  const values = readWholeNumbers(tensors.quantised);
  if (!values) return undefined;
  const dequantised = dequantise({
    values,
    dims,
    scales: readFloats(tensors.scale),
    zeroPoints: tensors.zero && readWholeNumbers(tensors.zero),
    axis: ints.get('axis') ?? 1,
    blockSize: ints.get('block_size') ?? 0,
  });
  return { dims, values: dequantised };
}

function readInitializers(fields: readonly Field[]): ReadonlyMap<string, Uint8Array> {
  const stored = new Map<string, Uint8Array>();
  for (const { tag, bytes } of fields) {
    if (tag === GRAPH.initializer && bytes) stored.set(readTensor(bytes).name, bytes);
  }
  return stored;
}

/** Returns the name of an input or output of the graph. */
function nameOf({ bytes }: Field): string {
  const name = bytes && [...fieldsOf(bytes)].find(({ tag }) => tag === NAME_FIELD)?.bytes;
  return name ? Buffer.from(name).toString() : '';
}
