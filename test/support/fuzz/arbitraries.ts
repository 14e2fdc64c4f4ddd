import fc from 'fast-check';

/**
 * Numbers spread evenly over a range, in thousandths. `fc.double` spreads over exponents instead: nearly all of its
 * angles are 0 to a dozen digits, and properties of rotations then hold for wrong code.
 */
export function evenNumber(min: number, max: number): fc.Arbitrary<number> {
  return fc
    .integer({ min: Math.round(min * 1000), max: Math.round(max * 1000) })
    .map((value) => value / 1000);
}
