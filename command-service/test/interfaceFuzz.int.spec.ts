import { describe, it } from 'vitest';
import { expectNothingFound } from './fuzzedGateway.ts';

const INSTALL_AND_RUN_MS = 300_000;

describe('the interface under a fuzzer', () => {
  it(
    'answers as its document says, and never with 5xx',
    (context) =>
      expectNothingFound(context, { phases: 'fuzzing', examples: 2, timeoutMs: 240_000 }),
    INSTALL_AND_RUN_MS,
  );
});
