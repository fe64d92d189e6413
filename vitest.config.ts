import path from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { LongestFirst } from './packages/test-kit/src/vitestLongestFirst.ts';

const include = (reach: string): string[] => [
  `{schemas,command-service,projector,enforcer-relay,rightsizer,infra}/**/*.${reach}.spec.ts`,
  `packages/*/**/*.${reach}.spec.ts`,
];

// What tests start, the command line a hundred times, keeps what Node has compiled, as the launcher has it: half of the
// processor time of a start.
const keepCompiled = {
  env: { NODE_COMPILE_CACHE: path.join(import.meta.dirname, '.prorata', 'compile-cache') },
};

// Files of these reaches share the modules of their worker. A process and all imports anew for each
// file took half of the processor time, on one core of two.
const together = {
  isolate: false,
  maxWorkers: 2,
  setupFiles: ['packages/test-kit/src/vitestPutBack.ts'],
};

// End to end, those that kill, freeze or measure processes, and the one that changes its own environment: after the others,
// and two at a time, for they wait more than they work.
const alone = [
  'command-service/test/{handOver,remoteValidation,watchdog,writerKilled}.e2e.spec.ts',
  'enforcer-relay/test/fleetShares.e2e.spec.ts',
  'infra/test/{chaos,existingCluster}.e2e.spec.ts',
];

// A test file's suffix says its reach. `unit` and `sim` do no I/O; `int` shares one real stack
// (Kafka, registry, Postgres) that the global setup starts, each file in a namespace of its own;
// `e2e` starts processes, two files at a time on stacks of their own, and then those of `e2e alone`;
// `nightly` is what is too long for every change, and runs when it is named.
export default defineConfig({
  test: {
    passWithNoTests: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Properties take a second or two alone, and ten times that on a machine that does much else.
      { test: { name: 'unit', include: include('unit'), testTimeout: 30_000, ...together } },
      { test: { name: 'sim', include: include('sim'), testTimeout: 120_000, ...together } },
      {
        test: {
          name: 'int',
          include: include('int'),
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...keepCompiled,
          ...together,
        },
      },
      {
        test: {
          name: 'e2e',
          include: include('e2e'),
          exclude: [...configDefaults.exclude, ...alone],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...keepCompiled,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'e2e alone',
          include: alone,
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...keepCompiled,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'nightly',
          include: include('nightly'),
          globalSetup: ['packages/test-kit/src/vitestSharedStack.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
          ...keepCompiled,
          fileParallelism: false,
        },
      },
    ],
  },
});
