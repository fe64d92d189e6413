export * from './port.ts';
export { partitionOf } from './partitionOf.ts';
