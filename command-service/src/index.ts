export { startCommandService } from './startCommandService.ts';
export type { CommandServiceOptions, RunningCommandService } from './startCommandService.ts';
export { readRole } from './readRole.ts';
export type { CommandServiceRole } from './readRole.ts';
