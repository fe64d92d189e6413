import type { createLogger } from '@prorata/service-runtime';

export type Logger = ReturnType<typeof createLogger>;
