import { z } from 'zod';

/** Only digits, at most 15, so that every such number is exact. */
const WHOLE = /^\d{1,15}$/;
/** Digits with at most one point. A sign, exponent, hexadecimal digit, comma or space is a typing error here. */
const DECIMAL = /^(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/;
/** Longest part of a wrong value that is quoted, characters. */
const MAX_QUOTED = 40;

/** Returns a schema that reads a whole number from `min` to `max`, in plain digits. Its error quotes the text. */
export function wholeNumber(min: number, max: number) {
  return numberText({ pattern: WHOLE, kind: 'a whole number', min, max });
}

/** Returns a schema that reads a number from `min` to `max`, in plain decimal digits (`0.5`, `.5`, `15`). */
export function decimalNumber(min: number, max: number) {
  return numberText({ pattern: DECIMAL, kind: 'a decimal number', min, max });
}

interface NumberForm {
  readonly pattern: RegExp;
  readonly kind: string;
  readonly min: number;
  readonly max: number;
}

function numberText({ pattern, kind, min, max }: NumberForm) {
  return z.string().transform((text, context) => {
    const value = Number(text);
    if (pattern.test(text) && value >= min && value <= max) return value;
    context.addIssue({
      code: 'custom',
      message: `must be ${kind} from ${min} to ${max} in plain digits, not ${quoteValue(text)}`,
    });
    return z.NEVER;
  });
}

/** Returns the start of a value in quotes, with control characters escaped. Not for secrets. */
export function quoteValue(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
