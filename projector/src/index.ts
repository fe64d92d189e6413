export { startProjector } from './startProjector.ts';
export type { Projector } from './startProjector.ts';
