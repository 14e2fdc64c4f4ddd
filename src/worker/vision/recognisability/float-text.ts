/** Returns numbers as little-endian float32 in base64. */
export function storeNumbers(numbers: Float32Array): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes.toString('base64');
}

/** Returns the numbers that storeNumbers wrote. */
export function readNumbers(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(index * 4));
}
