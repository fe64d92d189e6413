/** What starts a rollout, or says how resizes are rolled out, must say, and its bounds. */
import type {
  HostSelector,
  RobotRollout,
  RolloutGate,
  RolloutStage,
  StartRollout,
  TreeStep,
  Violation,
} from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import {
  BASIS_POINTS,
  ROLLOUT_BAKE_MICROS_MAX,
  ROLLOUT_GATE_DECISIONS_MAX,
  ROLLOUT_GATE_HOSTS_MAX,
  ROLLOUT_HOSTS_MAX,
  ROLLOUT_STAGES_MAX,
  ROLLOUT_STEPS_MAX,
  ROLLOUT_ZONES_MAX,
  TEXT_LENGTH_MAX,
} from '../modelBounds.ts';
import { selectorOfStage } from './hostSelection.ts';

/** Everything that is wrong with it by itself. */
export function rolloutShapeViolations({
  steps,
  stages,
  gate,
}: Pick<StartRollout, 'steps' | 'stages' | 'gate'>): Violation[] {
  const counts = [
    ...countViolations(steps.length, ROLLOUT_STEPS_MAX, 'step', '/steps'),
    ...countViolations(stages.length, ROLLOUT_STAGES_MAX, 'stage', '/stages'),
  ];
  if (counts.length > 0) return counts;
  return [...steps.flatMap(stepViolations), ...stagingViolations({ stages, gate })];
}

/** Everything that is wrong with how an application's resizes reach hosts. @param path its JSON pointer */
export function robotRolloutViolations(given: RobotRollout | null, path: string): Violation[] {
  if (given === null) return [];
  const { stages } = given;
  const counts = countViolations(stages.length, ROLLOUT_STAGES_MAX, 'stage', '/stages');
  const faults = counts.length > 0 ? counts : stagingViolations(given);
  return faults.map((fault) => ({ ...fault, path: `${path}${fault.path}` }));
}

function stagingViolations({ stages, gate }: RobotRollout): Violation[] {
  return [
    ...stages.flatMap((stage, index) => stageViolations(stages, stage, index)),
    ...(gate === null ? [] : gateViolations(gate, stages)),
  ];
}

function countViolations(count: number, most: number, what: string, path: string): Violation[] {
  if (count === 0) return [violation('ROLLOUT_INVALID', path, `There is no ${what}.`)];
  if (count <= most) return [];
  return [violation('TOO_MANY', path, `${count} ${what}s are given, at most ${most}.`)];
}

/** What is new has no rule that some hosts could keep, and what moves or goes has none for the others. */
function stepViolations({ create, move, delete: removal }: TreeStep, index: number): Violation[] {
  if (create === null && move === null && removal === null) return [];
  const message =
    'A rollout changes or restores quotas that are there: create, move and delete them apart.';
  return [violation('ROLLOUT_INVALID', `/steps/${index}`, message)];
}

function stageViolations(
  stages: readonly RolloutStage[],
  { selector, bakeMicros }: RolloutStage,
  index: number,
): Violation[] {
  const path = `/stages/${index}`;
  const faults = selectorViolations(selector, `${path}/selector`);
  if (bakeMicros < 0n || bakeMicros > ROLLOUT_BAKE_MICROS_MAX) {
    const message = 'A stage bakes for 0 microseconds to 30 days.';
    faults.push(violation('ROLLOUT_INVALID', `${path}/bakeMicros`, message));
  }
  if (faults.length > 0) return faults;
  const upTo = selectorOfStage(stages, index);
  if (upTo.hosts.length > ROLLOUT_HOSTS_MAX || upTo.zones.length > ROLLOUT_ZONES_MAX) {
    const message = `All stages together name at most ${ROLLOUT_HOSTS_MAX} hosts and ${ROLLOUT_ZONES_MAX} zones: take a percentage.`;
    return [violation('TOO_MANY', `${path}/selector`, message)];
  }
  if (index === 0) return [];
  const before = selectorOfStage(stages, index - 1);
  const isSame =
    upTo.percent === before.percent &&
    upTo.zones.length === before.zones.length &&
    upTo.hosts.length === before.hosts.length;
  if (!isSame) return [];
  const message = 'It adds no host to the stages before it.';
  return [violation('ROLLOUT_INVALID', `${path}/selector`, message)];
}

function selectorViolations({ percent, zones, hosts }: HostSelector, path: string): Violation[] {
  const faults: Violation[] = [];
  if (percent < 0 || percent > 100) {
    faults.push(violation('ROLLOUT_INVALID', `${path}/percent`, 'A percentage is 0 to 100.'));
  }
  if (percent === 0 && zones.length === 0 && hosts.length === 0) {
    faults.push(violation('ROLLOUT_INVALID', path, 'It selects no host.'));
  }
  if (zones.length > ROLLOUT_ZONES_MAX || hosts.length > ROLLOUT_HOSTS_MAX) {
    const message = `At most ${ROLLOUT_HOSTS_MAX} hosts and ${ROLLOUT_ZONES_MAX} zones are named.`;
    return [...faults, violation('TOO_MANY', path, message)];
  }
  const isBad = (text: string): boolean => text === '' || text.length > TEXT_LENGTH_MAX;
  if ([...zones, ...hosts].some(isBad)) {
    const message = `A host or zone has 1 to ${TEXT_LENGTH_MAX} characters.`;
    faults.push(violation('ROLLOUT_INVALID', path, message));
  }
  return faults;
}

function gateViolations(gate: RolloutGate, stages: readonly RolloutStage[]): Violation[] {
  const { refusedBasisPointsMax, errorBasisPointsMax, latencyP99MicrosMax } = gate;
  const bounds = [refusedBasisPointsMax, errorBasisPointsMax, latencyP99MicrosMax];
  const invalid = (path: string, message: string): Violation =>
    violation('ROLLOUT_INVALID', `/gate${path}`, message);
  const shares = [refusedBasisPointsMax, errorBasisPointsMax];
  const isShare = (share: number | null): boolean =>
    share === null || (share >= 0 && share <= BASIS_POINTS);
  const hasOthers = !stages.some((_, index) => selectorOfStage(stages, index).percent === 100);
  return [
    ...(bounds.every((bound) => bound === null)
      ? [invalid('', 'It asks about nothing: give a bound, or no gate.')]
      : []),
    ...(shares.every(isShare)
      ? []
      : [invalid('', `A share is 0 to ${BASIS_POINTS} basis points.`)]),
    ...(latencyP99MicrosMax === null || latencyP99MicrosMax >= 0n
      ? []
      : [invalid('/latencyP99MicrosMax', 'A latency is not negative.')]),
    ...(gate.hostsMin >= 1 && gate.hostsMin <= ROLLOUT_GATE_HOSTS_MAX
      ? []
      : [invalid('/hostsMin', `It is 1 to ${ROLLOUT_GATE_HOSTS_MAX} hosts.`)]),
    ...(gate.decisionsMin >= 1n && gate.decisionsMin <= ROLLOUT_GATE_DECISIONS_MAX
      ? []
      : [invalid('/decisionsMin', `It is 1 to ${ROLLOUT_GATE_DECISIONS_MAX} decisions.`)]),
    ...(gate.measure === 'absolute' || hasOthers
      ? []
      : [
          invalid(
            '/measure',
            'A stage of 100 % leaves no other host to compare with: leave it out, promotion reaches all.',
          ),
        ]),
  ];
}
