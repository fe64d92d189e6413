export { openCollector } from './traceCollector.ts';
export type { CollectedSpan, Collector } from './traceCollector.ts';
export { tracingInMemory } from './tracingInMemory.ts';
export type { EndedSpan } from './tracingInMemory.ts';
