import { PbfWriter } from 'pbf';

// Field numbers of onnx/onnx.proto.
const FLOAT32 = 1;
const INT8 = 3;
const INT64 = 7;

interface Tensor {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** An ONNX file that computes PRelu(x, slope): x and y of float32 `shape`. `raw`: slopes stored as bytes, as exporters do. */
export function preluModel({
  shape,
  slope,
  raw = true,
}: {
  readonly shape: readonly number[];
  readonly slope: Tensor;
  readonly raw?: boolean;
}): Uint8Array {
  const graph = message((writer) => {
    writer.writeBytesField(1, node('PRelu', { inputs: ['x', 'slope'], output: 'y' }));
    writer.writeStringField(2, 'test');
    writer.writeBytesField(5, floatTensor('slope', slope, raw));
    writer.writeBytesField(11, valueInfo('x', shape));
    writer.writeBytesField(12, valueInfo('y', shape));
  });
  return model(graph, 11);
}

/**
 * An ONNX file that computes Conv(x, w) with w an int8 tensor [2, 4] in blocks of 2 along its last axis that is
 * dequantised and then reshaped to [2, 1, 2, 2]. x: float32 [1, 1, height, width]; y: [1, 2, height-1, width-1]. w is
 * also listed as an input, as some exporters do. `raw`: numbers stored as bytes.
 */
export function quantisedModel({
  values,
  scales,
  zeroPoints,
  size: [height, width],
  raw = true,
}: {
  readonly values: readonly number[];
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly size: readonly [number, number];
  readonly raw?: boolean;
}): Uint8Array {
  const wholeNumbers = raw ? rawTensor : listedTensor;
  const dequantise = { inputs: ['q', 's', 'z'], output: 'd', ints: { axis: 1, block_size: 2 } };
  const graph = message((writer) => {
    writer.writeBytesField(1, node('DequantizeLinear', dequantise));
    writer.writeBytesField(1, node('Reshape', { inputs: ['d', 'shape'], output: 'w' }));
    writer.writeBytesField(1, node('Conv', { inputs: ['x', 'w'], output: 'y' }));
    writer.writeStringField(2, 'test');
    writer.writeBytesField(5, wholeNumbers('q', INT8, { dims: [2, 4], values }));
    writer.writeBytesField(5, floatTensor('s', { dims: [2, 2], values: scales }, raw));
    writer.writeBytesField(5, wholeNumbers('z', INT8, { dims: [2, 2], values: zeroPoints }));
    writer.writeBytesField(5, wholeNumbers('shape', INT64, { dims: [4], values: [2, 1, 2, 2] }));
    writer.writeBytesField(11, valueInfo('x', [1, 1, height, width]));
    writer.writeBytesField(11, valueInfo('w', [2, 1, 2, 2]));
    writer.writeBytesField(12, valueInfo('y', [1, 2, height - 1, width - 1]));
    writer.writeBytesField(13, valueInfo('w', [2, 1, 2, 2]));
  });
  return model(graph, 21);
}

function model(graph: Uint8Array, opsetVersion: number): Uint8Array {
  return message((writer) => {
    writer.writeVarintField(1, 7); // version of the format
    writer.writeBytesField(7, graph);
    writer.writeBytesField(
      8,
      message((opset) => opset.writeVarintField(2, opsetVersion)),
    );
  });
}

interface NodeParts {
  readonly inputs: readonly string[];
  readonly output: string;
  readonly ints?: Readonly<Record<string, number>>;
}

function node(opType: string, { inputs, output, ints = {} }: NodeParts): Uint8Array {
  return message((writer) => {
    for (const input of inputs) writer.writeStringField(1, input);
    writer.writeStringField(2, output);
    writer.writeStringField(4, opType);
    for (const [name, value] of Object.entries(ints)) {
      writer.writeBytesField(
        5,
        message((attribute) => {
          attribute.writeStringField(1, name);
          attribute.writeVarintField(3, value);
          attribute.writeVarintField(20, 2);
        }),
      );
    }
  });
}

function floatTensor(name: string, { dims, values }: Tensor, raw: boolean): Uint8Array {
  return message((writer) => {
    for (const dim of dims) writer.writeVarintField(1, dim);
    writer.writeVarintField(2, FLOAT32);
    if (!raw) writer.writePackedFloat(4, [...values]);
    writer.writeStringField(8, name);
    if (raw) writer.writeBytesField(9, new Uint8Array(Float32Array.from(values).buffer));
  });
}

function rawTensor(name: string, dataType: number, { dims, values }: Tensor): Uint8Array {
  const bytes = dataType === INT8 ? Int8Array.from(values) : BigInt64Array.from(values.map(BigInt));
  return message((writer) => {
    for (const dim of dims) writer.writeVarintField(1, dim);
    writer.writeVarintField(2, dataType);
    writer.writeStringField(8, name);
    writer.writeBytesField(9, new Uint8Array(bytes.buffer));
  });
}

function listedTensor(name: string, dataType: number, { dims, values }: Tensor): Uint8Array {
  return message((writer) => {
    writer.writePackedVarint(1, [...dims]);
    writer.writeVarintField(2, dataType);
    writer.writePackedVarint(dataType === INT8 ? 5 : 7, [...values]);
    writer.writeStringField(8, name);
  });
}

function valueInfo(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = message((writer) => {
    for (const size of shape)
      writer.writeBytesField(
        1,
        message((dim) => dim.writeVarintField(1, size)),
      );
  });
  const tensorType = message((writer) => {
    writer.writeVarintField(1, FLOAT32);
    writer.writeBytesField(2, dimensions);
  });
  return message((writer) => {
    writer.writeStringField(1, name);
    writer.writeBytesField(
      2,
      message((type) => type.writeBytesField(1, tensorType)),
    );
  });
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish();
}
