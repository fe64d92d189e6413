import {
  applicationOf,
  isSegment,
  quotaIdFormFault,
  quoted,
  refusalCodes,
  segmentFault,
} from '@prorata/quota-model';
import type { RefusalCode } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';

type Parameters = Readonly<Record<string, string>>;

const PROPOSAL = /^(.+)-p\d+$/;
const ROLLOUT = /^(.+)-r\d+$/;

/** The stream of the thing that a path names: the first parameter here that the path has. */
const streams: readonly (readonly [parameter: string, streamOf: (value: string) => string])[] = [
  ['quotaId', (id) => `application:${id.split('/', 1)[0] ?? ''}`],
  ['organization', (id) => `organization:${id}`],
  ['application', (id) => `application:${id}`],
  // A proposal, or a rollout, is named after its application and the version that opened it.
  ['proposalId', (id) => `application:${PROPOSAL.exec(id)?.[1] ?? ''}`],
  ['rolloutId', (id) => `application:${ROLLOUT.exec(id)?.[1] ?? ''}`],
  ['priceBook', (id) => `pricebook:${id}`],
  ['tierPolicy', (id) => `tierpolicy:${id}`],
];

/**
 * @returns the stream, and the parameter that it follows from
 * @throws Problem when that parameter names nothing that could have a stream, in its own terms
 */
export function resourceStream(parameters: Parameters): {
  readonly stream: string;
  readonly parameter: string;
} {
  for (const [parameter, streamOf] of streams) {
    const value = parameters[parameter];
    if (value === undefined) continue;
    refuseMalformed(parameter, value);
    return { stream: streamOf(value), parameter };
  }
  throw new TypeError('The path of a resource names what has a stream.');
}

function refuseMalformed(parameter: string, value: string): void {
  if (parameter === 'quotaId') {
    if (!isSegment(applicationOf(value)))
      throw malformed('QUOTA_ID_INVALID', parameter, quotaIdFormFault(value));
  } else if (parameter === 'proposalId') {
    if (isSegment(PROPOSAL.exec(value)?.[1] ?? '')) return;
    const message = `There is no proposal ${quoted(value)}: an id is <application>-p<number>, as the outcome that opened it has it.`;
    throw malformed('PROPOSAL_UNKNOWN', parameter, message);
  } else if (parameter === 'rolloutId') {
    if (isSegment(ROLLOUT.exec(value)?.[1] ?? '')) return;
    const message = `There is no rollout ${quoted(value)}: an id is <application>-r<number>, as the outcome that started it has it.`;
    throw malformed('ROLLOUT_UNKNOWN', parameter, message);
  } else {
    const fault = segmentFault(value);
    if (fault === null) return;
    const message = `${quoted(value)} names no ${parameter}: ${fault}.`;
    throw malformed('INVALID_COMMAND', parameter, message);
  }
}

function malformed(code: RefusalCode, path: string, message: string): Problem {
  const { status, title, remedy } = refusalCodes[code];
  return new Problem(status, code, message, {
    title,
    violations: [{ path, message }],
    extensions: { remedy },
  });
}
