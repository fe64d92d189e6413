import { timeFromJson } from '@prorata/schemas';
import { printJson, UsageError } from '@prorata/service-runtime';
import type { WorkloadClass } from '../../recommend/recommendation.ts';
import { workloadClasses } from '../policies.ts';
import { withUsageHistory } from '../whatIf/usageHistory.ts';
import { whatIf } from '../whatIf/whatIf.ts';
import { whatIfJson, whatIfLines } from './whatIfReport.ts';

export interface WhatIfWords {
  readonly policy?: string | undefined;
  readonly class?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly resource?: string | undefined;
  readonly json?: boolean | undefined;
}

/** @throws UsageError, BacktestFault, PolicyError */
export async function whatIfCommand(
  words: readonly string[],
  options: WhatIfWords,
): Promise<number> {
  const [subtree, ...more] = words;
  if (subtree === undefined || more.length > 0) {
    throw new UsageError('One subtree: moka, or moka/prod/ads.');
  }
  const asked = {
    subtree,
    resource: options.resource ?? null,
    workload: workloadOf(options.class),
    from: timeOf('--from', options.from),
    to: timeOf('--to', options.to),
  };
  const found = await withUsageHistory(options.policy ?? null, (history) => whatIf(history, asked));
  if (options.json === true) printJson(whatIfJson(found));
  else for (const line of whatIfLines(found)) process.stdout.write(`${line}\n`);
  return 0;
}

function workloadOf(text: string | undefined): WorkloadClass | null {
  if (text === undefined) return null;
  const found = workloadClasses.find((each) => each === text);
  if (found === undefined) throw new UsageError(`--class is one of ${workloadClasses.join(', ')}.`);
  return found;
}

/** @returns microseconds; null: the caller left it to us @throws UsageError */
export function timeOf(option: string, text: string | undefined): bigint | null {
  if (text === undefined) return null;
  const time = timeFromJson(text);
  if (time === null) throw new UsageError(`${option} is a time (RFC 3339).`);
  return time;
}
