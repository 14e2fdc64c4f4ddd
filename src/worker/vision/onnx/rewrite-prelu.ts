import {
  DATA_TYPE,
  enclose,
  type Field,
  GRAPH,
  mapGraph,
  type Node,
  readFloats,
  readNode,
  readTensor,
  writeConstantNode,
  writeIntAttribute,
  writeIntsAttribute,
  writeNode,
} from './onnx-messages.js';

/** The slopes of the channels, by tensor name. */
type Slopes = ReadonlyMap<string, Float32Array>;

/**
 * Returns the ONNX model in `model` with every PRelu with one constant slope per channel replaced by
 * `relu(x) + (−slope) · relu(−x)`, where both products are depthwise 1 × 1 convolutions. Undefined if it has none.
 * For every x one of the two terms is 0, so the result is the same to the last bit. On a CPU, ONNX Runtime's PRelu
 * branches for every value, which costs two thirds of a small recogniser's time; these operators process whole vectors in
 * the layout of its convolutions. `model` is only read and copied once.
 * @throws Error if the bytes are not an ONNX model.
 */
export function rewritePrelu(model: Uint8Array): Uint8Array | undefined {
  return mapGraph(model, rewriteGraph);
}

function rewriteGraph(fields: readonly Field[]): Uint8Array[] | undefined {
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
  const product = [writeIntAttribute('group', slope.length), writeIntsAttribute('kernel_shape', [1, 1])];
  return [
    writeConstantNode(
      name('minus'),
      slope.map(() => -1),
    ),
    writeConstantNode(
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

/** Returns the float32 tensors of shape [channels, 1, 1], the shape of slopes in image networks. */
function readSlopes(graph: readonly Field[]): Slopes {
  const slopes = new Map<string, Float32Array>();
  for (const { tag, bytes } of graph) {
    if (tag !== GRAPH.initializer || !bytes) continue;
    const tensor = readTensor(bytes);
    const [channels = 0, height, width, ...more] = tensor.dims;
    const isSlope = channels > 1 && height === 1 && width === 1 && more.length === 0;
    if (!isSlope || tensor.dataType !== DATA_TYPE.float32) continue;
    const values = readFloats(tensor);
    if (values.length === channels) slopes.set(tensor.name, values);
  }
  return slopes;
}
