import { defineConfig } from 'vitest/config';

interface Change {
  readonly file: string;
  readonly index: number;
  readonly number: string;
  readonly changed: string;
}

/** The change that constants.mjs requests, if any. */
const { CHANGED_NUMBER } = process.env;
const change = CHANGED_NUMBER ? (JSON.parse(CHANGED_NUMBER) as Change) : undefined;

/** The tests that should detect a mutant: tests of the worker that need neither models nor services. */
export default defineConfig({
  plugins: [
    {
      name: 'change-a-number',
      enforce: 'pre',
      transform(code, id) {
        if (!change || id !== change.file) return undefined;
        const { index, number, changed } = change;
        if (!code.startsWith(number, index))
          throw new Error('this is a bug: the number is not at this position');
        return code.slice(0, index) + changed + code.slice(index + number.length);
      },
    },
  ],
  test: { include: ['test/unit/worker/**/*.test.ts'], pool: 'forks', env: { ORT_DISABLE_TELEMETRY: '1' } },
});
