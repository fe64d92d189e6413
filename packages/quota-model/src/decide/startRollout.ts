import type { QuotaContent, StartRollout, Violation } from '@prorata/schemas';
import { placeOf } from '../evolve/proposalNow.ts';
import type { ApplicationState, Decision, DecisionContext, EventDraft } from '../model.ts';
import {
  PROPOSED_STEPS_LENGTH_MAX,
  ROLLOUT_CANDIDATES_LENGTH_MAX,
  ROLLOUT_NAMES_LENGTH_MAX,
  ROLLOUTS_OPEN_MAX,
} from '../modelBounds.ts';
import { selectorOfStage } from '../rollouts/hostSelection.ts';
import { rolloutNearViolations } from '../rollouts/rolloutReach.ts';
import { rolloutShapeViolations } from '../rollouts/rolloutShape.ts';
import { quotasIn } from '../rules.ts';
import { aboutNoQuota, accept, refusal, refuse, violation } from './answer.ts';
import { takeSteps } from './changeTree.ts';
import { decideTree } from './decideTree.ts';
import { versionFault } from './preconditions.ts';
import { lengthOf } from './proposeSteps.ts';
import type { TreeDraft } from './treeDraft.ts';

/**
 * The change is judged as though it were made now, by the same code, and none of it is kept but what the quotas
 * would declare. One that needs a second person cannot be rolled out. The command's expected version is the
 * stream's.
 */
export function startRollout(
  state: ApplicationState,
  { steps, stages, gate, envelope }: StartRollout,
  context: DecisionContext,
): Decision {
  const stale = versionFault(envelope, context.streamVersion);
  if (stale !== null) return stale;
  const shape = refusal(rolloutShapeViolations({ steps, stages, gate }));
  if (shape !== null) return shape;
  if (state.rollouts.size >= ROLLOUTS_OPEN_MAX) {
    return refuse('TOO_MANY', '', `${ROLLOUTS_OPEN_MAX} rollouts are on in ${state.id}.`);
  }
  const drafted = (draft: TreeDraft): readonly Violation[] => takeSteps(draft, steps, envelope);
  const judged = decideTree(state, envelope, context, drafted, 'refused');
  if (judged.kind === 'refused') return judged;
  const candidates = contentsOf(judged.events);
  if (candidates.size === 0) return refuse('ROLLOUT_INVALID', '/steps', 'It changes nothing.');
  const near = refusal([
    ...fleetViolations(state, candidates),
    ...namesViolations(state, [...candidates.keys()], stages),
    ...[...candidates.keys()].flatMap((id) => rolloutNearViolations(state, id, '/steps')),
  ]);
  if (near !== null) return near;
  const data = {
    rolloutId: nextRolloutId(state, context),
    place: placeOf(state.id, steps),
    steps,
    candidates: [...candidates].map(([quotaId, content]) => ({
      quotaId,
      content,
      rightsized: null,
    })),
    stages,
    gate,
  };
  const long = lengthFault(data);
  if (long !== null) return long;
  const started = { type: 'RolloutStarted', data, ...aboutNoQuota } as const;
  const decision = accept([started], data.rolloutId, judged.waivers);
  return decision.kind === 'accepted' ? { ...decision, awaited: judged.events } : decision;
}

/** What each quota would declare in the end. */
function contentsOf(events: readonly EventDraft[]): ReadonlyMap<string, QuotaContent> {
  const contents = new Map<string, QuotaContent>();
  for (const event of events) {
    if (event.type !== 'QuotaChanged' && event.type !== 'QuotaRestored') continue;
    if (event.quotaId !== null) contents.set(event.quotaId, event.data.content);
  }
  return contents;
}

/** Its shares are of one limit, and are handed out to all hosts together: no stage could have another. */
function fleetViolations(
  state: ApplicationState,
  candidates: ReadonlyMap<string, QuotaContent>,
): Violation[] {
  return [...candidates].flatMap(([quotaId, content]) => {
    const both = [content, state.quotas.get(quotaId)?.content];
    if (!both.some((each) => each?.requests?.scope === 'fleet')) return [];
    const message = `The limits of ${quotaId} hold over the whole fleet: they cannot reach hosts in stages.`;
    return [violation('ROLLOUT_INVALID', '/steps', message)];
  });
}

/** Every rule at and below what changes carries the names of hosts and zones. */
export function namesViolations(
  state: ApplicationState,
  quotaIds: readonly string[],
  stages: StartRollout['stages'],
): Violation[] {
  const { hosts, zones } = selectorOfStage(stages, stages.length - 1);
  const names = [...hosts, ...zones].join('').length;
  if (names === 0) return [];
  const most = Math.floor(ROLLOUT_NAMES_LENGTH_MAX / names);
  let rules = 0;
  for (const id of quotaIds) {
    const reached = quotasIn(state, { id, isWithBelow: true });
    while (reached.next().done !== true) {
      rules += 1;
      if (rules <= most) continue;
      const message =
        `It names hosts and zones in ${names} characters, which stand in the rule of each quota that it reaches: at ` +
        `most ${most} quotas with as many. Take a percentage, name fewer, or roll it out in parts.`;
      return [violation('TOO_LARGE', '/stages', message)];
    }
  }
  return [];
}

/** Its event, and its entry in a snapshot, each stand in one record. */
function lengthFault(data: {
  readonly steps: readonly object[];
  readonly candidates: readonly object[];
}) {
  const [said, meant] = [lengthOf(data.steps), lengthOf(data.candidates)];
  if (said <= PROPOSED_STEPS_LENGTH_MAX && meant <= ROLLOUT_CANDIDATES_LENGTH_MAX) return null;
  const message =
    `It is too long to be kept: steps of ${said} characters, at most ${PROPOSED_STEPS_LENGTH_MAX}, and contents ` +
    `of ${meant}, at most ${ROLLOUT_CANDIDATES_LENGTH_MAX}. Roll it out in parts.`;
  return refuse('TOO_LARGE', '/steps', message);
}

/** Named after the version that its event takes the stream to. */
export function nextRolloutId(
  { id }: ApplicationState,
  { streamVersion }: DecisionContext,
): string {
  return `${id}-r${(streamVersion + 1n).toString()}`;
}
