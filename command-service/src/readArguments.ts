import { parseArgs } from 'node:util';

export type CommandServiceRole = 'gateway' | 'writer' | 'both';

export interface CommandServiceOptions {
  /** How long a caller waits for an outcome before it is told where to look, milliseconds. */
  readonly outcomeTimeoutMs?: number;
  /** How long a silent writer keeps its partitions, milliseconds. */
  readonly sessionTimeoutMs?: number;
  /** After how long without a turn of its loop or its work the process ends itself, milliseconds. */
  readonly stallMs?: number;
  /** How soon after one reading of the public keys a record under an unknown one leads to another, milliseconds. */
  readonly keysRereadMs?: number;
}

/**
 * `--role gateway|writer|both`, and what seldom needs to be set: `--outcome-timeout-ms`,
 * `--session-timeout-ms` and `--stall-ms`.
 * @throws TypeError when the arguments are not these
 */
export function readArguments(args: readonly string[]): {
  readonly role: CommandServiceRole;
  readonly options: CommandServiceOptions;
} {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      role: text,
      'outcome-timeout-ms': text,
      'session-timeout-ms': text,
      'stall-ms': text,
    },
  });
  const { role } = values;
  if (role !== 'gateway' && role !== 'writer' && role !== 'both') {
    throw new TypeError('Say which part this process plays: --role gateway, writer or both.');
  }
  const outcomeTimeoutMs = wholeNumber('outcome-timeout-ms', values['outcome-timeout-ms']);
  const sessionTimeoutMs = wholeNumber('session-timeout-ms', values['session-timeout-ms']);
  const stallMs = wholeNumber('stall-ms', values['stall-ms']);
  return {
    role,
    options: {
      ...(outcomeTimeoutMs === null ? {} : { outcomeTimeoutMs }),
      ...(sessionTimeoutMs === null ? {} : { sessionTimeoutMs }),
      ...(stallMs === null ? {} : { stallMs }),
    },
  };
}

function wholeNumber(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(value))
    throw new TypeError(`--${name} must be a whole number above 0.`);
  return Number(value);
}
