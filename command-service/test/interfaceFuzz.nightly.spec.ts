import { describe, it } from 'vitest';
import { expectNothingFound } from './fuzzedGateway.ts';

const RUN_MS = 1_800_000;

describe('the interface under a fuzzer for long', () => {
  it(
    'answers as its document says, and never with 5xx',
    (context) =>
      expectNothingFound(context, {
        phases: 'coverage,fuzzing',
        examples: 50,
        timeoutMs: RUN_MS - 60_000,
      }),
    RUN_MS,
  );
});
