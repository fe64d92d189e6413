import { SubmissionRefused } from './submit/submissionRefused.ts';

const CONTENT = '/data/content';
const VERSION = '/data/version';
const VERSION_EXPECTED = 'must be a version that the quota had, from 1';

/**
 * The refusal of a restoration whose content was left out and could not be looked up, for want of a version:
 * content may be left out, so only the version is asked for.
 *
 * @param fault what the desk said; anything else than a list of what cannot be understood is given back as it is
 */
export function versionAskedFor(fault: unknown): unknown {
  if (!(fault instanceof SubmissionRefused) || fault.violations === undefined) return fault;
  const { code, detail, violations } = fault;
  const needed = violations.filter(({ path }) => path !== CONTENT);
  if (needed.length === violations.length) return fault;
  // A version such as 0 is a number, which the desk takes, and no quota's.
  const isAsked = needed.some(({ path }) => path === VERSION);
  const asked = isAsked ? [] : [{ path: VERSION, message: VERSION_EXPECTED }];
  return new SubmissionRefused(code, detail, { violations: [...needed, ...asked], cause: fault });
}
