/** The part that a host needs: without the libraries that decide by an application's own checks. */
export { ancestorsOf } from './ids.ts';
export { hostsByStage } from './rollouts/dryRunReach.ts';
export { takesCandidate } from './rollouts/hostSelection.ts';
export type { HostPlace } from './rollouts/hostSelection.ts';
export { windowFormOf } from './windowForm.ts';
export type { CalendarWindow, WindowForm } from './windowForm.ts';
