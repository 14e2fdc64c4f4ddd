import { describe, expect, it } from 'vitest';
import { formatRate } from '../../../../../src/cli/local/format-rate.js';
import { formatMeasured } from '../../../../../tools/evaluate/page/format-rate.js';

describe('formatRate', () => {
  it.each([
    [0, '0'],
    [1, '100 %'],
    [0.082, '8.2 %'],
    [0.12345, '12.3 %'],
    [0.00031, '0.031 %'],
    [0.0001, '0.01 %'],
    [0.0000044, '4.4·10⁻⁶'],
    [0.00001, '1·10⁻⁵'],
    [0.00000000023, '2.3·10⁻¹⁰'],
  ])('writes %d as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });
});

describe('formatMeasured', () => {
  it('gives the rate with its interval and counts', () => {
    const measured = { errors: 6, trials: 5_000, rate: 0.0012, interval: { low: 0.00044, high: 0.0026 } };

    expect(formatMeasured(measured)).toBe('0.12 % (0.044 % to 0.26 %; 6 of 5,000)');
  });

  it('reports when nothing was measured', () => {
    const measured = { errors: 0, trials: 0, rate: null, interval: { low: 0, high: 1 } };

    expect(formatMeasured(measured)).toBe('not measured');
  });
});
