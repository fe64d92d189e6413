import { CommandError } from '../commandError.ts';
import { exitCodes } from '../exitCodes.ts';
import { screenText } from '../output/screenText.ts';
import { hintFor } from './hints.ts';

/** The members of an `application/problem+json` that are shown. */
export interface ProblemBody {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly remedy?: string;
  readonly violations?: readonly ViolationBody[];
}

export interface ViolationBody {
  readonly code?: string;
  readonly path: string;
  readonly message: string;
}

/** A refusal of the gateway, with what to do about it. */
export class GatewayProblem extends CommandError {
  readonly status: number;
  readonly code: string;

  /** @param path what was read, for whoever may not and did not name it */
  constructor(status: number, body: ProblemBody, path: string | null = null) {
    super(problemText(status, body, path), body.code === UNUSABLE ? exitCodes.usage.code : 1);
    this.status = status;
    this.code = body.code ?? '';
  }
}

/** What the gateway says of options that were passed on: as bad as a fault that is found here. */
const UNUSABLE = 'PARAMETER_INVALID';

/** By the parameter: the option that it is here, where the name does not say so. */
const options: Readonly<Record<string, string>> = { quotaId: 'quota', commandId: 'command' };

const optionOf = (parameter: string): string =>
  `--${options[parameter] ?? parameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Every failed check on a line of its own, then what to do, then what to type. */
function problemText(
  status: number,
  { code, detail, remedy, violations = [] }: ProblemBody,
  path: string | null,
): string {
  if (code === UNUSABLE && violations.length > 0) {
    return violations
      .map(({ path: name, message }) => screenText(`${optionOf(name)} ${message}`))
      .join('\n');
  }
  const lines = [`${code ?? `HTTP ${status}`}: ${detail ?? 'the gateway said no more'}`];
  if (code === 'FORBIDDEN' && path !== null) lines.push(`  Asked for: GET ${path}`);
  lines.push(...violationLines(violations, detail));
  if (remedy !== undefined) lines.push(`  What to do: ${remedy}`);
  const hint = code === undefined ? null : hintFor(code);
  if (hint !== null) lines.push(`  To type: ${hint}`);
  return lines.map(screenText).join('\n');
}

/** What is said above already is not said again: of a single one that is the detail, its place is left. */
function violationLines(violations: readonly ViolationBody[], detail?: string): string[] {
  const [first, ...others] = violations;
  if (first === undefined || others.length > 0 || first.message !== detail)
    return violations.map(violationLine);
  return first.path === '' ? [] : [`  Where: ${first.path}`];
}

/** What is wrong with the whole has no path. */
const violationLine = ({ path, message }: ViolationBody): string =>
  path === '' ? `  ${message}` : `  ${path} ${message}`;
