import { defineConfig } from 'vitest/config';
import common from '../../vitest.config.js';

export default defineConfig({
  ...common,
  test: {
    ...common.test,
    include: ['test/deploy/**/*.test.ts'],
    exclude: [],
    // The service runs in containers.
    globalSetup: [],
    // One engine and one API server serve all files. Their containers and objects are slow to start.
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 900_000,
  },
});
