import { describe, expect, it } from 'vitest';
import { dequantise } from '../../../../../src/worker/vision/onnx/dequantise.js';

const plain = { zeroPoints: undefined, axis: 1, blockSize: 0 };

describe('dequantise', () => {
  it('scales all values alike by one scale, whatever the block size says', () => {
    const weights = { values: [-128, 0, 127], dims: [3], scales: Float32Array.of(0.5) };

    expect([...dequantise({ ...plain, ...weights, axis: 0, blockSize: 3 })]).toEqual([-64, 0, 63.5]);
  });

  it('subtracts the zero point first', () => {
    const weights = { values: Int8Array.of(-7, 3), dims: [2], scales: Float32Array.of(2), zeroPoints: [-7] };

    expect([...dequantise({ ...plain, ...weights, axis: 0 })]).toEqual([0, 20]);
  });

  it('takes a scale and a zero point for each place on the axis', () => {
    const weights = {
      values: [1, 2, 3, 4, 5, 6, 7, 8],
      dims: [2, 2, 2],
      scales: Float32Array.of(1, 10),
      zeroPoints: [0, 1],
    };

    expect([...dequantise({ ...plain, ...weights })]).toEqual([1, 2, 20, 30, 5, 6, 60, 70]);
    expect([...dequantise({ ...plain, ...weights, axis: -1 })]).toEqual([1, 10, 3, 30, 5, 50, 7, 70]);
  });

  it('takes a scale and a zero point for each block, of which the last may be short', () => {
    const weights = {
      values: [1, 1, 1, 1, 1, 1],
      dims: [2, 3],
      scales: Float32Array.of(1, 2, 4, 8),
      zeroPoints: [0, 0, -1, -1],
      blockSize: 2,
    };

    expect([...dequantise({ ...plain, ...weights })]).toEqual([1, 1, 2, 8, 8, 16]);
  });

  it('takes blocks along an axis that others follow', () => {
    const weights = {
      values: [1, 1, 1, 1, 1, 1, 1, 1],
      dims: [4, 2],
      scales: Float32Array.of(1, 2, 3, 4),
      blockSize: 2,
    };

    expect([...dequantise({ ...plain, ...weights, axis: 0 })]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  it('rounds once, to float32', () => {
    const scale = Math.fround(0.1);
    const weights = { values: [113], dims: [1], scales: Float32Array.of(scale), axis: 0 };

    expect(dequantise({ ...plain, ...weights })[0]).toBe(Math.fround(113 * scale));
  });

  it.each([0, 2])('refuses scales that fit neither the axis nor blocks of %i', (blockSize) => {
    const weights = { values: [1, 2, 3, 4, 5, 6], dims: [2, 3], scales: Float32Array.of(1, 2, 3, 4, 5) };

    expect(() => dequantise({ ...plain, ...weights, blockSize })).toThrow('has 5 scales for 3 places');
  });
});
