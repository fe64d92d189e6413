import type { Evidence, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import {
  EVIDENCE_FIGURES_MAX,
  EVIDENCE_FIGURE_LENGTH_MAX,
  EVIDENCE_LENGTH_MAX,
} from '../modelBounds.ts';
import { textViolations } from './contentShape.ts';

/** What a control loop sends along to be kept: bounded whole, for a cut repeats it in every event. */
export function evidenceViolations(evidence: Evidence, path: string): Violation[] {
  const { policy, source, inputsHash } = evidence;
  const figures = Object.entries(evidence.figures);
  const at = `${path}/figures`;
  if (figures.length > EVIDENCE_FIGURES_MAX) {
    const message = `Evidence has at most ${EVIDENCE_FIGURES_MAX} figures.`;
    return [violation('TOO_MANY', at, message)];
  }
  const violations = [
    ...textViolations(policy, `${path}/policy`),
    ...textViolations(source, `${path}/source`),
    ...textViolations(inputsHash, `${path}/inputsHash`),
    ...figures.flatMap(([key]) => textViolations(key, at)),
  ];
  if (figures.some(([, value]) => value.length > EVIDENCE_FIGURE_LENGTH_MAX)) {
    const message = `A figure has at most ${EVIDENCE_FIGURE_LENGTH_MAX} characters.`;
    violations.push(violation('TOO_LARGE', at, message));
  }
  if (lengthOf(evidence) > EVIDENCE_LENGTH_MAX) {
    const message = `Figures have at most ${EVIDENCE_LENGTH_MAX} characters in sum.`;
    violations.push(violation('TOO_LARGE', at, message));
  }
  return violations;
}

/** Characters of all its figures. */
export function lengthOf({ figures }: Evidence): number {
  return Object.entries(figures).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
}
