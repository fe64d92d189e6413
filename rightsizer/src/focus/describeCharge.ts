import type { ChargeLine } from '../ledger/chargeLine.ts';

/** What is charged, in a sentence without figures that other columns have. */
export function describeCharge(line: ChargeLine): string {
  const said = `${subjectOf(line)}${line.cost === null ? ', which has no price' : ''}`;
  return line.correction ? `Correction: ${said}` : said;
}

function subjectOf({
  category,
  application,
  resource,
  quotaId,
  name,
  reserved,
}: ChargeLine): string {
  const what = `${resource ?? 'everything'} of ${application ?? 'every application'}`;
  switch (category) {
    case 'usage':
      return `${reserved === null ? 'use' : 'use or reservation'} of ${what} by ${quotaId ?? 'no single quota'}`;
    case 'idle':
      return `idle ${what}`;
    case 'shared':
      return `part of the shared cost ${name ?? ''}`.trimEnd();
    case 'credit':
      return `credit ${name ?? ''}`.trimEnd();
  }
}
