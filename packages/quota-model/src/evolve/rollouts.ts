/** Rollouts that are on, and which quotas they change: always changed together. */
import { BrokenStream } from '../faults.ts';
import type { ApplicationState } from '../model.ts';
import type { RolloutState } from '../rollouts/rolloutState.ts';
import { rememberRollBack } from './rolledBack.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

export type RolloutEvent = EventOf<
  | 'RolloutAdvanced'
  | 'RolloutPaused'
  | 'RolloutPromoted'
  | 'RolloutResumed'
  | 'RolloutRolledBack'
  | 'RolloutStarted'
>;

export function evolveRollout(state: ApplicationState, event: RolloutEvent): void {
  const { rolloutId } = event.value;
  if (event.type === 'RolloutStarted') {
    if (state.rollouts.has(rolloutId)) {
      throw new BrokenStream(event, `rollout ${rolloutId} is on already`);
    }
    addRollout(state, startedBy(event));
    return;
  }
  const rollout = state.rollouts.get(rolloutId);
  if (rollout === undefined) throw new BrokenStream(event, `rollout ${rolloutId} is not on`);
  const at = event.value.envelope.decidedAt;
  switch (event.type) {
    case 'RolloutAdvanced': {
      const { stage, cause, evidence } = event.value;
      if (stage !== rollout.stage + 1) throw new BrokenStream(event, 'it skips a stage');
      const entered = [...rollout.entered, { stage, at, cause, evidence }];
      state.rollouts.set(rolloutId, { ...rollout, stage, bakesFrom: at, entered });
      return;
    }
    case 'RolloutPaused':
      state.rollouts.set(rolloutId, { ...rollout, isPaused: true });
      return;
    case 'RolloutResumed':
      state.rollouts.set(rolloutId, { ...rollout, isPaused: false, bakesFrom: at });
      return;
    case 'RolloutPromoted':
    case 'RolloutRolledBack':
      if (event.type === 'RolloutRolledBack') rememberRollBack(state, rollout.steps, at);
      state.rollouts.delete(rolloutId);
      for (const quotaId of rollout.candidates.keys()) state.inRollout.delete(quotaId);
      return;
  }
}

/** Also when a state is made of a snapshot: the index is no part of it. */
export function addRollout(state: ApplicationState, rollout: RolloutState): void {
  state.rollouts.set(rollout.rolloutId, rollout);
  for (const quotaId of rollout.candidates.keys()) state.inRollout.set(quotaId, rollout.rolloutId);
}

function startedBy(event: EventOf<'RolloutStarted'>): RolloutState {
  const { rolloutId, place, steps, candidates, stages, gate, envelope } = event.value;
  const at = envelope.decidedAt;
  return {
    rolloutId,
    place,
    steps,
    candidates: new Map(candidates.map(({ quotaId, content }) => [quotaId, content])),
    stages,
    gate,
    stage: 0,
    bakesFrom: at,
    isPaused: false,
    entered: [{ stage: 0, at, cause: 'person', evidence: null }],
    waivers: envelope.waivers,
    provenance: provenanceOf(event),
  };
}
