import { defineConfig } from 'vitest/config';

const include = (reach: string): string[] => [
  `{schemas,command-service,projector,enforcer-relay,rightsizer,infra}/**/*.${reach}.spec.ts`,
  `packages/*/**/*.${reach}.spec.ts`,
];

// A test file's suffix says its reach. `unit` and `sim` do no I/O; `int` shares one real stack
// (Kafka, registry, Postgres) that the global setup starts, each file in a namespace of its own;
// `e2e` starts processes, on that stack or on one of its own, so its files run one after another;
// `nightly` is what is too long for every change, and runs when it is named.
export default defineConfig({
  test: {
    passWithNoTests: false,
    projects: [
      // Properties take a second or two alone, and ten times that on a machine that does much else.
      { test: { name: 'unit', include: include('unit'), testTimeout: 30_000 } },
      { test: { name: 'sim', include: include('sim'), testTimeout: 120_000 } },
      {
        test: {
          name: 'int',
          include: include('int'),
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // They wait most of the time: for groups to form, timers and leases.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: include('e2e'),
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'nightly',
          include: include('nightly'),
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
