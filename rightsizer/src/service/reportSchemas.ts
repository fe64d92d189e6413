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
  project: text,
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
    pays: {},
    newestUsage: timeOrNull,
    cut: orNull({ step: {}, since: time, until: time }),
  }),
  wouldDo: records,
  frozen: { type: 'array', items: { type: 'object', required: ['code', 'detail'] } },
  problem: orNull({ code: text, detail: text }),
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
