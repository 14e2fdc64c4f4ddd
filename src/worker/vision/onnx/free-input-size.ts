import { PbfWriter } from 'pbf';
import { DATA_TYPE, enclose, type Field, fieldsOf, GRAPH, mapGraph } from './onnx-messages.js';

const VALUE = { name: 1, type: 2 };
const TYPE_TENSOR = 1;
const TENSOR_TYPE = { elementType: 1, shape: 2 };
const SHAPE_DIM = 1;
const DIM = { name: 2 };

/**
 * Returns the ONNX model in `model` with an input [1, channels, height, width] of any height and width, and with outputs
 * whose dimensions between the first and the last are free. Only for graphs that derive their shapes from their input.
 * `model` is only read.
 * @throws Error if the bytes are not an ONNX model, or not of this kind.
 */
export function freeInputSize(model: Uint8Array): Uint8Array {
  const freed = mapGraph(model, (fields) =>
    fields
      // Optional shape annotations, which describe one size.
      .filter(({ tag }) => tag !== GRAPH.valueInfo)
      .flatMap(({ tag, bytes, raw }) => {
        if (!bytes || (tag !== GRAPH.input && tag !== GRAPH.output)) return [raw];
        const free = tag === GRAPH.input ? isSide : isMiddle;
        return enclose(tag, [freeDimensions(bytes, free)]);
      }),
  );
  if (!freed) throw new Error('has no graph');
  return freed;
}

const isSide = (index: number): boolean => index >= 2;
const isMiddle = (index: number, count: number): boolean => index > 0 && index < count - 1;

function freeDimensions(value: Uint8Array, isFree: (index: number, count: number) => boolean): Uint8Array {
  const type = childOf(value, VALUE.type);
  const shape = childOf(childOf(type, TYPE_TENSOR), TENSOR_TYPE.shape);
  const dims = [...fieldsOf(shape)].filter(({ tag }) => tag === SHAPE_DIM);
  const name = Buffer.from(childOf(value, VALUE.name)).toString();
  const freed = dims.map((dim, index) =>
    isFree(index, dims.length) ? namedDimension(`${name}_${index}`) : dim.raw,
  );
  const tensor = new PbfWriter();
  tensor.writeVarintField(TENSOR_TYPE.elementType, DATA_TYPE.float32);
  tensor.writeBytesField(TENSOR_TYPE.shape, Buffer.concat(freed));
  const writer = new PbfWriter();
  writer.writeStringField(VALUE.name, name);
  writer.writeBytesField(VALUE.type, Buffer.concat(enclose(TYPE_TENSOR, [tensor.finish()])));
  return writer.finish();
}

function namedDimension(name: string): Uint8Array {
  const dim = new PbfWriter();
  dim.writeStringField(DIM.name, name);
  return Buffer.concat(enclose(SHAPE_DIM, [dim.finish()]));
}

function childOf(message: Uint8Array, wanted: number): Uint8Array {
  const child = [...fieldsOf(message)].find(({ tag }: Field) => tag === wanted)?.bytes;
  if (!child) throw new Error('has an input or output without a shape');
  return child;
}
