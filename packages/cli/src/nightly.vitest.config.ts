import { defineConfig } from 'vitest/config';

/** What is too long for every change: more seeds, chaos, oracles in other languages. An hour in all. */
export default defineConfig({
  test: {
    name: 'nightly',
    include: [
      '{schemas,command-service,projector,enforcer-relay,rightsizer,infra}/**/*.nightly.spec.ts',
      'packages/*/**/*.nightly.spec.ts',
    ],
    globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
