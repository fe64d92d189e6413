export { startCommandService } from './startCommandService.ts';
export type { RunningCommandService } from './startCommandService.ts';
export { readArguments } from './readArguments.ts';
export type { CommandServiceOptions, CommandServiceRole } from './readArguments.ts';
