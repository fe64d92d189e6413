/** The bodies of the rightsizer's answers as JSON Schema; `reports.unit.spec` holds them against `reports.ts`. */

type Part = Readonly<Record<string, unknown>>;

const text: Part = { type: 'string' };
const textOrNull: Part = { type: ['string', 'null'] };
const whole: Part = { type: 'integer' };
const long: Part = { type: ['integer', 'string'], description: 'As text above 2^53-1.' };
const money: Part = { ...text, description: 'An exact decimal.' };
const moneyOrNull: Part = { ...textOrNull, description: 'An exact decimal; null: not known.' };
const time: Part = { ...text, format: 'date-time' };
const timeOrNull: Part = { ...textOrNull, format: 'date-time' };
const record: Part = { type: 'object' };
const records: Part = { type: 'array', items: record };
const orNull = (fields: Readonly<Record<string, Part>>): Part => ({
  type: ['object', 'null'],
  required: Object.keys(fields),
  properties: fields,
});
const listOf = (fields: Readonly<Record<string, Part>>): Part => ({
  type: 'array',
  items: { type: 'object', required: Object.keys(fields), properties: fields },
});

export const spendFields: Readonly<Record<string, Part>> = {
  organization: text,
  budget: text,
  project: { ...text, description: "Empty: a team's budget, or the organization's." },
  team: textOrNull,
  mode: { ...text, description: '`dry_run`: it tells what it would cut, and cuts nothing.' },
  at: time,
  window: orNull({ start: time, end: time }),
  amount: money,
  currency: text,
  spend: moneyOrNull,
  overrunBasisPoints: { type: ['integer', 'string', 'null'] },
  targetStep: { description: 'The step of the tier policy that the overrun calls for.' },
  lines: listOf({
    category: { ...text, description: 'usage, idle, shared or credit.' },
    application: { ...text, description: 'Empty: of none.' },
    resource: { ...text, description: 'Of a credit and of a shared cost its name.' },
    used: { description: 'Whole, in the base unit.' },
    price: orNull({ amount: money, perUnits: long, effectiveFrom: time }),
    money: moneyOrNull,
  }),
  tableVersion: { description: 'Of the usage table; null: there is none.' },
  tableCaughtUpAt: timeOrNull,
  applications: listOf({
    application: text,
    project: text,
    pays: {},
    spared: { description: 'Its own budgets hold: it is not cut for one above it.' },
    newestUsage: timeOrNull,
    cut: orNull({ step: {}, since: time, until: time }),
  }),
  wouldDo: records,
  frozen: { type: 'array', items: { type: 'object', required: ['code', 'detail'] } },
  problem: orNull({ code: text, detail: text }),
};

const origin: Part = {
  type: 'object',
  description: 'The event behind it: its stream, the version there, who decided it, when and why.',
};
const thing = (description: string): Part => ({ type: ['object', 'null'], description });
const things = (description: string): Part => ({ ...records, description });

export const explainFields: Readonly<Record<string, Part>> = {
  organization: text,
  budget: {
    type: 'object',
    required: ['id', 'amount', 'currency', 'mode', 'origin'],
    properties: { id: text, amount: money, currency: text, mode: text, origin },
  },
  at: time,
  window: orNull({ start: time, end: time }),
  usage: thing(
    'The version of the usage table, up to when it has all, and whether the ledger adds up.',
  ),
  priceBook: thing('The book that the lines are of, and its origin.'),
  lines: spendFields['lines'] ?? records,
  projects: things('Of a team or the organization: what each project has spent, the most first.'),
  spend: moneyOrNull,
  unpriced: { type: 'array', items: text },
  overrunBasisPoints: { type: ['integer', 'string', 'null'] },
  tierPolicy: thing('The table of cuts, its version and its origin.'),
  targetStep: { description: 'The step that the overrun calls for; -1: none; null: not known.' },
  steps: things(
    'What would happen at which spend: of each step the tiers, their quotas, and the waves.',
  ),
  places: things(
    'Projects and applications: their quotas by tier, cut priority and cut, and what is in place.',
  ),
  placesCount: whole,
  intents: things('Cuts and lifts that some application has not accepted, with their evidence.'),
  forecast: thing(
    'Where spend will be at the end: intervals, the chance and the date of a breach. It cuts nothing.',
  ),
  thresholds: things('Each with the money at which it is reached, and when it was in this window.'),
  override: thing("A person's stop of the budget's cuts, and its end."),
  wouldDo: records,
  frozen: spendFields['frozen'] ?? records,
  entitlements: {
    ...records,
    description: 'What each share of its split buys, as `/entitlements` answers it.',
  },
  next: orNull({ at: time, why: text }),
  policy: text,
};

export const statusFields: Readonly<Record<string, Part>> = {
  policy: record,
  parts: { type: 'array', items: text },
  table: orNull({
    version: {},
    topic: text,
    files: whole,
    records: whole,
    rows: whole,
    quarantined: whole,
    partitions: listOf({ partition: whole, nextOffset: long, epoch: {} }),
  }),
  rightsizer: {
    type: ['object', 'null'],
    properties: {
      evaluatedAt: timeOrNull,
      fault: orNull({ at: time, message: text }),
      putOff: { ...textOrNull, description: 'Why nothing at all was looked at.' },
      knownTo: { ...timeOrNull, description: 'Up to when demand was looked at.' },
      counts: {
        ...record,
        description: 'Limits by what was found, why nothing was done among it.',
      },
      rehearsals: {
        ...records,
        description: 'Applications whose limits wait for the first dry run of the policy.',
      },
      findings: { ...records, description: 'The first 200, one a limit.' },
    },
  },
  throttle: { type: ['object', 'null'] },
  provisioner: { type: ['object', 'null'] },
};
