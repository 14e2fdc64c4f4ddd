import { PbfWriter } from 'pbf';

// Field numbers of onnx/onnx.proto.

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
    writer.writeBytesField(1, preluNode());
    writer.writeStringField(2, 'test');
    writer.writeBytesField(5, tensor('slope', slope, raw));
    writer.writeBytesField(11, valueInfo('x', shape));
    writer.writeBytesField(12, valueInfo('y', shape));
  });
  return message((writer) => {
    writer.writeVarintField(1, 7); // version of the format
    writer.writeBytesField(7, graph);
    writer.writeBytesField(
      8,
      message((opset) => opset.writeVarintField(2, 11)),
    );
  });
}

function preluNode(): Uint8Array {
  return message((writer) => {
    writer.writeStringField(1, 'x');
    writer.writeStringField(1, 'slope');
    writer.writeStringField(2, 'y');
    writer.writeStringField(4, 'PRelu');
  });
}

function tensor(name: string, { dims, values }: Tensor, raw: boolean): Uint8Array {
  return message((writer) => {
    for (const dim of dims) writer.writeVarintField(1, dim);
    writer.writeVarintField(2, 1); // float32
    if (!raw) writer.writePackedFloat(4, [...values]);
    writer.writeStringField(8, name);
    if (raw) writer.writeBytesField(9, new Uint8Array(Float32Array.from(values).buffer));
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
    writer.writeVarintField(1, 1); // float32
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
