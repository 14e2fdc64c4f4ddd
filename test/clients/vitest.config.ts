import { defineConfig } from 'vitest/config';
import common from '../../vitest.config.js';

export default defineConfig({
  ...common,
  test: { ...common.test, include: ['test/clients/**/*.test.ts'], exclude: [] },
});
