import { longToJson, timeToJson } from '@prorata/schemas';
import { tableLines } from '../../query/answerText.ts';
import type { WhatIf } from '../whatIf/whatIf.ts';
import { figureCells, figureHeads, rounded } from './backtestReport.ts';

/** Changes that people are shown; scripts get all. */
const LINES_MAX = 200;

export function whatIfJson(found: WhatIf): object {
  const { policy, from, to, changes, leftAlone, limits, windows, missing } = found;
  return {
    policy,
    from: timeToJson(from),
    to: timeToJson(to),
    ...{ limits, windows, missing },
    whatIf: rounded(found.then),
    inForce: rounded(found.inForce),
    changes: changes.map((change) => ({
      at: timeToJson(change.at),
      quota: change.quotaId,
      resource: change.resource,
      from: longToJson(change.from),
      to: longToJson(change.to),
      reasons: change.reasons,
    })),
    leftAlone: leftAlone.map(({ quotaId, resource, code }) => ({ quota: quotaId, resource, code })),
  };
}

export function whatIfLines(found: WhatIf): readonly string[] {
  const { policy, from, to, changes, leftAlone, limits, windows, missing } = found;
  const shown = changes.slice(0, LINES_MAX);
  // Of nothing that was measured no figure is 0: there is none.
  const cells = (figures: WhatIf['then']): readonly string[] =>
    windows === missing ? figureHeads.map(() => '-') : figureCells(figures);
  return [
    `By ${policy.name}@${policy.version}, ${timeToJson(from)} to ${timeToJson(to)}: ${limits} limits, ${changes.length} changes.`,
    '',
    ...tableLines(
      ['at', 'quota', 'resource', 'from', 'to', 'reasons'],
      shown.map((change) => [
        timeToJson(change.at),
        change.quotaId,
        change.resource,
        change.from.toString(),
        change.to.toString(),
        change.reasons.join(' '),
      ]),
    ),
    ...(changes.length > shown.length
      ? [`and ${changes.length - shown.length} more; --json has all`]
      : []),
    '',
    ...tableLines(
      ['', ...figureHeads],
      [
        ['what if', ...cells(found.then)],
        ['in force', ...cells(found.inForce)],
      ],
    ),
    '',
    `${windows} windows, ${missing} of them without a report, under a cut or an override, or without a limit. Slack, short and unserved in percent, changes per limit and day.`,
    ...leftAlone
      .map(({ quotaId, resource, code }) => `${quotaId} ${resource}: ${code}`)
      .slice(0, LINES_MAX),
  ];
}
