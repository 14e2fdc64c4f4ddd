import { PbfReader, PbfWriter } from 'pbf';

// The fields of an ONNX file that this service reads and writes. @see onnx/onnx, onnx/onnx.proto (Apache-2.0)
const BYTES_FIELD = 2;
const MODEL_GRAPH = 7;
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const NODE = { input: 1, output: 2, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, int: 3, tensor: 5, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { int: 2, tensor: 4, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, floatData: 4, int32Data: 5, int64Data: 7, name: 8, rawData: 9 };
export const DATA_TYPE = { float32: 1, uint8: 2, int8: 3, int64: 7 };

/** A field of a message. */
export interface Field {
  readonly tag: number;
  /** Value of a field of type bytes, string or message. */
  readonly bytes: Uint8Array | undefined;
  /** The whole encoded field. */
  readonly raw: Uint8Array;
}

export interface Node {
  readonly opType: string;
  readonly inputs: string[];
  readonly outputs: string[];
  /** The attributes of type int. */
  readonly ints: Map<string, number>;
}

/** A tensor with its values still encoded, in one of three fields. Most are weights that are never decoded. */
export interface StoredTensor {
  name: string;
  dims: number[];
  dataType: number;
  floats: Uint8Array;
  ints: number[];
  raw: Uint8Array;
}

/**
 * Returns the ONNX model in `model` with the graph that `rewrite` returns for the graph's fields; undefined if `rewrite`
 * returns undefined. `model` is only read and copied once.
 * @throws Error if the bytes are not an ONNX model.
 */
export function mapGraph(
  model: Uint8Array,
  rewrite: (graph: readonly Field[]) => Uint8Array[] | undefined,
): Uint8Array | undefined {
  let found = false;
  const parts = [...fieldsOf(model)].flatMap((field) => {
    const graph = field.tag === MODEL_GRAPH && field.bytes ? rewrite([...fieldsOf(field.bytes)]) : undefined;
    found ||= graph !== undefined;
    return graph ? enclose(MODEL_GRAPH, graph) : [field.raw];
  });
  return found ? Buffer.concat(parts) : undefined;
}

export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new PbfReader(message);
  for (let start = 0; start < message.length; start = reader.pos) {
    const tag = reader.nextField();
    const bytes = reader.type === BYTES_FIELD ? reader.readBytes() : undefined;
    if (!bytes) reader.skip(reader.type);
    yield { tag, bytes, raw: message.subarray(start, reader.pos) };
  }
}

/** Returns the header of a bytes field followed by `parts`, its content. */
export function enclose(tag: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const header = new PbfWriter();
  header.writeTag(tag, BYTES_FIELD);
  header.writeVarint(parts.reduce((sum, part) => sum + part.length, 0));
  return [header.finish(), ...parts];
}

export function readNode(bytes: Uint8Array): Node {
  const node: { opType: string } & Node = { opType: '', inputs: [], outputs: [], ints: new Map() };
  new PbfReader(bytes).readFields((tag, result, reader) => {
    if (tag === NODE.opType) result.opType = reader.readString();
    else if (tag === NODE.input) result.inputs.push(reader.readString());
    else if (tag === NODE.output) result.outputs.push(reader.readString());
    else if (tag === NODE.attribute) {
      const attribute = readIntAttribute(reader.readBytes());
      result.ints.set(attribute.name, attribute.value);
    }
  }, node);
  return node;
}

function readIntAttribute(bytes: Uint8Array): { name: string; value: number } {
  const attribute = { name: '', value: 0 };
  new PbfReader(bytes).readFields((tag, result, reader) => {
    if (tag === ATTRIBUTE.name) result.name = reader.readString();
    else if (tag === ATTRIBUTE.int) result.value = reader.readVarint(true);
  }, attribute);
  return attribute;
}

export function readTensor(bytes: Uint8Array): StoredTensor {
  const none: Uint8Array = new Uint8Array(0);
  const tensor: StoredTensor = { name: '', dims: [], dataType: 0, floats: none, ints: [], raw: none };
  new PbfReader(bytes).readFields((tag, result, reader) => {
    if (tag === TENSOR.name) result.name = reader.readString();
    else if (tag === TENSOR.dims) reader.readPackedVarint(result.dims);
    else if (tag === TENSOR.dataType) result.dataType = reader.readVarint();
    else if (tag === TENSOR.floatData) result.floats = reader.readBytes();
    else if (tag === TENSOR.int32Data || tag === TENSOR.int64Data) reader.readPackedVarint(result.ints, true);
    else if (tag === TENSOR.rawData) result.raw = reader.readBytes();
  }, tensor);
  return tensor;
}

/** Returns the values of a float32 tensor. ONNX stores numbers little-endian on every machine. */
export function readFloats({ raw, floats }: StoredTensor): Float32Array {
  const bytes = raw.length > 0 ? raw : floats;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) =>
    view.getFloat32(at * 4, true),
  );
}

/** Returns the values of an int8, uint8 or int64 tensor; undefined for other types. */
export function readWholeNumbers({ dataType, raw, ints }: StoredTensor): ArrayLike<number> | undefined {
  const { buffer, byteOffset, length } = raw;
  switch (dataType) {
    case DATA_TYPE.int8:
      return length > 0 ? new Int8Array(buffer, byteOffset, length) : ints;
    case DATA_TYPE.uint8:
      return length > 0 ? raw : ints;
    case DATA_TYPE.int64: {
      const view = new DataView(buffer, byteOffset, length);
      const count = length / 8;
      return length > 0
        ? Array.from({ length: count }, (_, at) => Number(view.getBigInt64(at * 8, true)))
        : ints;
    }
    default:
      return undefined;
  }
}

/** Returns a float32 tensor as a message. */
export function writeFloatTensor(name: string, dims: number[], values: Float32Array): Uint8Array {
  const raw = new Uint8Array(values.length * 4);
  const view = new DataView(raw.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i]!, true);
  const writer = new PbfWriter();
  writer.writePackedVarint(TENSOR.dims, dims);
  writer.writeVarintField(TENSOR.dataType, DATA_TYPE.float32);
  writer.writeStringField(TENSOR.name, name);
  writer.writeBytesField(TENSOR.rawData, raw);
  return writer.finish();
}

export interface NodeParts {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: readonly Uint8Array[];
}

/** Returns a node as a message. */
export function writeNode(opType: string, { inputs, output, attributes = [] }: NodeParts): Uint8Array {
  const writer = new PbfWriter();
  for (const input of inputs) writer.writeStringField(NODE.input, input);
  writer.writeStringField(NODE.output, output);
  writer.writeStringField(NODE.opType, opType);
  for (const attribute of attributes) writer.writeBytesField(NODE.attribute, attribute);
  return writer.finish();
}

/** Returns a node with a constant float32 [channels, 1, 1, 1]: the weights of a depthwise 1 × 1 convolution. */
export function writeConstantNode(output: string, values: Float32Array): Uint8Array {
  const tensor = new PbfWriter();
  tensor.writePackedVarint(TENSOR.dims, [values.length, 1, 1, 1]);
  tensor.writeVarintField(TENSOR.dataType, DATA_TYPE.float32);
  tensor.writePackedFloat(TENSOR.floatData, [...values]);
  const attribute = new PbfWriter();
  attribute.writeStringField(ATTRIBUTE.name, 'value');
  attribute.writeBytesField(ATTRIBUTE.tensor, tensor.finish());
  attribute.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.tensor);
  return writeNode('Constant', { inputs: [], output, attributes: [attribute.finish()] });
}

export function writeIntAttribute(name: string, value: number): Uint8Array {
  const writer = new PbfWriter();
  writer.writeStringField(ATTRIBUTE.name, name);
  writer.writeVarintField(ATTRIBUTE.int, value);
  writer.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.int);
  return writer.finish();
}

export function writeIntsAttribute(name: string, values: number[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeStringField(ATTRIBUTE.name, name);
  writer.writePackedVarint(ATTRIBUTE.ints, values);
  writer.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.ints);
  return writer.finish();
}
