import { PbfReader, PbfWriter } from 'pbf';

// Field and type numbers of the messages of an ONNX file. @see onnx/onnx, onnx/onnx.proto (Apache-2.0)
const BYTES_FIELD = 2;
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, int: 3, tensor: 5, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { int: 2, tensor: 4, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, floatData: 4, name: 8, rawData: 9 };
const FLOAT32 = 1;

interface Field {
  readonly tag: number;
  /** The value of a field of bytes, text or message. */
  readonly bytes: Uint8Array | undefined;
  /** The field as it stands in the file. */
  readonly raw: Uint8Array;
}

interface Node {
  readonly opType: string;
  readonly inputs: string[];
  readonly outputs: string[];
}

interface Tensor {
  name: string;
  dims: number[];
  dataType: number;
  /** The values as they stand in the file, in one way or the other: most are weights that nobody asks for. */
  floats: Uint8Array;
  raw: Uint8Array;
}

/** Slopes of each channel, by the name of the tensor that holds them. */
type Slopes = ReadonlyMap<string, Float32Array>;

/**
 * Returns the ONNX model in `model` with every PRelu that has one constant slope a channel in other words:
 * `relu(x) + (−slope) · relu(−x)`, both products as convolutions of one pixel a channel. Undefined when it has none.
 * For every x one of the two terms is 0, so the result is the same to the last bit. ONNX Runtime's PRelu on a CPU
 * decides value by value, which costs two thirds of a small recogniser's time; of this it does whole vectors, and in the
 * layout that its convolutions work in. `model` is only read. Costs one copy of it.
 * @throws Error when the bytes are no such file.
 */
export function rewritePrelu(model: Uint8Array): Uint8Array | undefined {
  let found = false;
  const fields = [...fieldsOf(model)].map((field) => {
    if (field.tag !== MODEL_GRAPH || !field.bytes) return [field.raw];
    const graph = rewriteGraph(field.bytes);
    found ||= graph !== undefined;
    return graph ? enclose(MODEL_GRAPH, graph) : [field.raw];
  });
  return found ? Buffer.concat(fields.flat()) : undefined;
}

function rewriteGraph(graph: Uint8Array): Uint8Array[] | undefined {
  const fields = [...fieldsOf(graph)];
  const slopes = readSlopes(fields);
  let found = false;
  const parts = fields.flatMap(({ tag, bytes, raw }) => {
    if (tag !== GRAPH.node || !bytes) return [raw];
    const nodes = rewriteNode(readNode(bytes), slopes);
    found ||= nodes !== undefined;
    return nodes ? nodes.flatMap((node) => enclose(GRAPH.node, [node])) : [raw];
  });
  return found ? parts : undefined;
}

function rewriteNode({ opType, inputs, outputs }: Node, slopes: Slopes): Uint8Array[] | undefined {
  const [input = '', slopeName = ''] = inputs;
  const [output = ''] = outputs;
  const slope = slopes.get(slopeName);
  if (opType !== 'PRelu' || !slope) return undefined;
  const name = (part: string) => `${output}/prelu/${part}`;
  const product = [intAttribute('group', slope.length), intsAttribute('kernel_shape', [1, 1])];
  return [
    constantNode(
      name('minus'),
      slope.map(() => -1),
    ),
    constantNode(
      name('slope'),
      slope.map((value) => -value),
    ),
    writeNode('Relu', { inputs: [input], output: name('positive') }),
    writeNode('Conv', { inputs: [input, name('minus')], output: name('mirrored'), attributes: product }),
    writeNode('Relu', { inputs: [name('mirrored')], output: name('negative') }),
    writeNode('Conv', {
      inputs: [name('negative'), name('slope')],
      output: name('scaled'),
      attributes: product,
    }),
    writeNode('Add', { inputs: [name('scaled'), name('positive')], output }),
  ];
}

/** Tensors of float32 [channels, 1, 1], the shape of slopes in networks on images. */
function readSlopes(graph: readonly Field[]): Slopes {
  const slopes = new Map<string, Float32Array>();
  for (const { tag, bytes } of graph) {
    if (tag !== GRAPH.initializer || !bytes) continue;
    const { name, dims, dataType, floats, raw } = readTensor(bytes);
    const [channels = 0, height, width, ...more] = dims;
    const isSlope = channels > 1 && height === 1 && width === 1 && more.length === 0;
    if (!isSlope || dataType !== FLOAT32) continue;
    const values = readFloats(raw.length > 0 ? raw : floats);
    if (values.length === channels) slopes.set(name, values);
  }
  return slopes;
}

function readTensor(bytes: Uint8Array): Tensor {
  const none: Uint8Array = new Uint8Array(0);
  const tensor: Tensor = { name: '', dims: [], dataType: 0, floats: none, raw: none };
  new PbfReader(bytes).readFields((tag, result, reader) => {
    if (tag === TENSOR.name) result.name = reader.readString();
    else if (tag === TENSOR.dims) reader.readPackedVarint(result.dims);
    else if (tag === TENSOR.dataType) result.dataType = reader.readVarint();
    else if (tag === TENSOR.floatData) result.floats = reader.readBytes();
    else if (tag === TENSOR.rawData) result.raw = reader.readBytes();
  }, tensor);
  return tensor;
}

/** ONNX keeps numbers little-endian, whatever the machine. */
function readFloats(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) =>
    view.getFloat32(at * 4, true),
  );
}

function readNode(bytes: Uint8Array): Node {
  const node = { opType: '', inputs: [] as string[], outputs: [] as string[] };
  new PbfReader(bytes).readFields((tag, result, reader) => {
    if (tag === NODE.opType) result.opType = reader.readString();
    else if (tag === NODE.input) result.inputs.push(reader.readString());
    else if (tag === NODE.output) result.outputs.push(reader.readString());
  }, node);
  return node;
}

interface NodeParts {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: readonly Uint8Array[];
}

function writeNode(opType: string, { inputs, output, attributes = [] }: NodeParts): Uint8Array {
  const writer = new PbfWriter();
  for (const input of inputs) writer.writeStringField(NODE.input, input);
  writer.writeStringField(NODE.output, output);
  writer.writeStringField(NODE.opType, opType);
  for (const attribute of attributes) writer.writeBytesField(NODE.attribute, attribute);
  return writer.finish();
}

/** A constant float32 [channels, 1, 1, 1]: weights of a convolution of one pixel a channel. */
function constantNode(output: string, values: Float32Array): Uint8Array {
  const tensor = new PbfWriter();
  tensor.writePackedVarint(TENSOR.dims, [values.length, 1, 1, 1]);
  tensor.writeVarintField(TENSOR.dataType, FLOAT32);
  tensor.writePackedFloat(TENSOR.floatData, [...values]);
  const attribute = new PbfWriter();
  attribute.writeStringField(ATTRIBUTE.name, 'value');
  attribute.writeBytesField(ATTRIBUTE.tensor, tensor.finish());
  attribute.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.tensor);
  return writeNode('Constant', { inputs: [], output, attributes: [attribute.finish()] });
}

function intAttribute(name: string, value: number): Uint8Array {
  const writer = new PbfWriter();
  writer.writeStringField(ATTRIBUTE.name, name);
  writer.writeVarintField(ATTRIBUTE.int, value);
  writer.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.int);
  return writer.finish();
}

function intsAttribute(name: string, values: number[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeStringField(ATTRIBUTE.name, name);
  writer.writePackedVarint(ATTRIBUTE.ints, values);
  writer.writeVarintField(ATTRIBUTE.type, ATTRIBUTE_TYPE.ints);
  return writer.finish();
}

/** A field of bytes made of `parts`, in parts. */
function enclose(tag: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const header = new PbfWriter();
  header.writeTag(tag, BYTES_FIELD);
  header.writeVarint(parts.reduce((sum, part) => sum + part.length, 0));
  return [header.finish(), ...parts];
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  const reader = new PbfReader(message);
  for (let start = 0; start < message.length; start = reader.pos) {
    const tag = reader.nextField();
    const bytes = reader.type === BYTES_FIELD ? reader.readBytes() : undefined;
    if (!bytes) reader.skip(reader.type);
    yield { tag, bytes, raw: message.subarray(start, reader.pos) };
  }
}
