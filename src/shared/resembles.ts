/** Returns the one form of `front-image1`, `FrontImage1` and `front_image1`. */
export function formOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * True if few typing errors lead from one form to the other: one, or one for every four letters. The first letter is
 * right, and so are the digits.
 */
export function resembles(form: string, known: string): boolean {
  if (form[0] !== known[0]) return false;
  const errors = Math.max(1, Math.floor(known.length / 4));
  // `front_image4` is another photo and not a misspelt `front_image1`.
  if (Math.abs(form.length - known.length) > errors || digitsOf(form) !== digitsOf(known)) return false;
  return countTypingErrors(form, known) <= errors;
}

function digitsOf(form: string): string {
  return form.replace(/\D/g, '');
}

/** Letters to insert, delete, replace or swap with the next one (optimal string alignment distance). */
function countTypingErrors(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isSame = left[row - 1] === right[column - 1];
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
