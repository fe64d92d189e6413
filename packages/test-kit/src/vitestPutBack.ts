import { afterEach, vi } from 'vitest';

/** Files share a worker: what one test has put in place of the real thing must not reach the next. */
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
