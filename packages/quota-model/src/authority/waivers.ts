/** Safety checks that a sender waives: each by its name, each with a reason, by whoever may. */
import type { CommandEnvelope, Violation, Waiver } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { parentOf } from '../ids.ts';
import type { TreeChange } from '../decide/treeDraft.ts';
import type { ApplicationState, DecisionContext } from '../model.ts';
import { REASON_LENGTH_MAX, TEXT_LENGTH_MAX, USAGE_PER_COMMAND_MAX } from '../modelBounds.ts';
import { safetyChecks, safetyFindings } from '../validate/safety.ts';
import type { SafetyFinding } from '../validate/safety.ts';
import { describeSay, isRobot, operates, owns } from './sender.ts';
import type { Sender } from './sender.ts';

const known: ReadonlySet<string> = new Set(safetyChecks);

/** What is left of the findings, and the waivers that were needed. */
export interface SafetyVerdict {
  readonly violations: readonly Violation[];
  readonly waivers: readonly Waiver[];
}

/** What is wrong with the waivers and the usage of a command by themselves, whatever it is about. */
export function safetyShapeViolations(envelope: CommandEnvelope): Violation[] {
  const { waivers, usage } = envelope;
  if (waivers.length > safetyChecks.length) {
    const message = `There are ${safetyChecks.length} checks to waive.`;
    return [violation('TOO_MANY', '/waivers', message)];
  }
  if (usage.length > USAGE_PER_COMMAND_MAX) {
    const message = `A command brings at most ${USAGE_PER_COMMAND_MAX} observations of usage.`;
    return [violation('TOO_MANY', '/usage', message)];
  }
  if (waivers.length > 0 && isRobot(envelope)) {
    return [violation('WAIVER_NOT_ALLOWED', '/waivers', 'A robot may waive no check.')];
  }
  return [
    ...waivers.flatMap((waiver, index) => waiverViolations(waiver, `/waivers/${index}`)),
    ...usage.flatMap(({ used, source }, index) => {
      const at = `/usage/${index}`;
      if (used < 0n) return [violation('USAGE_INVALID', at, 'Usage is negative.')];
      if (source.length <= TEXT_LENGTH_MAX) return [];
      return [violation('TOO_LARGE', at, `A source has at most ${TEXT_LENGTH_MAX} characters.`)];
    }),
  ];
}

function waiverViolations({ check, reason }: Waiver, path: string): Violation[] {
  if (!known.has(check)) {
    const message = `There is no check ${check.slice(0, TEXT_LENGTH_MAX)}; there are ${safetyChecks.join(', ')}.`;
    return [violation('WAIVER_UNKNOWN', `${path}/check`, message)];
  }
  if (reason.trim() === '') {
    const message = `Say why ${check} may be waived.`;
    return [violation('WAIVER_UNKNOWN', `${path}/reason`, message)];
  }
  if (reason.length <= REASON_LENGTH_MAX) return [];
  const message = `A reason has at most ${REASON_LENGTH_MAX} characters.`;
  return [violation('TOO_LARGE', `${path}/reason`, message)];
}

/**
 * The safety checks of a change, with what the command waives of them.
 *
 * @param evidenceEnd until when the usage behind a resize was observed; null: there is none
 */
export function safetyOf(
  change: TreeChange,
  envelope: CommandEnvelope,
  { now }: DecisionContext,
  evidenceEnd: bigint | null = null,
): SafetyVerdict {
  const { usage, waivers } = envelope;
  const findings = safetyFindings(change, { usage, now, evidenceEnd });
  return waive(change.before, findings, envelope, waivers);
}

/** A waiver that no finding needs is dropped; one that the sender may not give leaves the finding. */
function waive(
  state: ApplicationState,
  findings: readonly SafetyFinding[],
  sender: Sender,
  given: readonly Waiver[],
): SafetyVerdict {
  const notAllowed: Violation[] = [];
  const left: Violation[] = [];
  const used = new Set<Waiver>();
  for (const { check, quotaId, path, message } of findings) {
    const waiver = given.find((candidate) => candidate.check === check);
    if (waiver !== undefined && mayWaive(state, quotaId, sender)) {
      used.add(waiver);
      continue;
    }
    left.push(violation(check, path, `${quotaId}: ${message}`));
    if (waiver === undefined) continue;
    const who = describeSay(state, parentOf(quotaId));
    const refused = `Waiving ${check} for ${quotaId} takes ${who}.`;
    notAllowed.push(violation('WAIVER_NOT_ALLOWED', path, refused));
  }
  // What to do about a waiver comes first: the check's own remedy would say to waive it.
  const violations = [...notAllowed, ...left];
  return { violations, waivers: given.filter((waiver) => used.has(waiver)) };
}

function mayWaive(state: ApplicationState, quotaId: string, sender: Sender): boolean {
  return operates(sender, quotaId) || owns(state, sender, parentOf(quotaId));
}
