import { timeToJson } from '@prorata/schemas';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import type { TimeWindow } from '../throttle/budgetWindows.ts';

/** A line as `GET /v1/costs` has it; bigints are the server's to write. */
export function costLineReport(line: ChargeLine): object {
  const { billing, charge, datedAt, quotaId, price, ...same } = line;
  return {
    ...same,
    billing: windowReport(billing),
    charge: windowReport(charge),
    datedAt: timeToJson(datedAt),
    quota: quotaId,
    price: price && {
      amount: price.amount,
      perUnits: price.perUnits,
      unit: price.unit,
      effectiveFrom: timeToJson(price.effectiveFrom),
    },
  };
}

function windowReport({ start, end }: TimeWindow): object {
  return { start: timeToJson(start), end: timeToJson(end) };
}

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const long = { type: ['integer', 'string'], description: 'As text above 2^53-1.' };
const money = { type: 'string', description: 'An exact decimal.' };
const window = {
  type: 'object',
  required: ['start', 'end'],
  properties: {
    start: { ...text, format: 'date-time' },
    end: { ...text, format: 'date-time' },
  },
};

const lineFields = {
  organization: textOrNull,
  project: { ...textOrNull, description: 'null: the organization itself, or nobody.' },
  category: { ...text, description: 'usage, idle, shared or credit.' },
  correction: { type: 'boolean', description: 'It mends a closed period.' },
  priceBook: text,
  currency: text,
  billing: window,
  charge: window,
  datedAt: { ...text, format: 'date-time' },
  application: textOrNull,
  resource: textOrNull,
  quota: textOrNull,
  name: { ...textOrNull, description: 'Of a credit or a shared cost.' },
  used: long,
  reserved: { type: ['integer', 'string', 'null'] },
  charged: long,
  price: { type: ['object', 'null'] },
  cost: { ...textOrNull, description: 'An exact decimal; null: there was no price.' },
};

/** The body of `GET /v1/costs`. */
export const costFields = {
  organization: textOrNull,
  project: textOrNull,
  priceBook: text,
  priceBookVersion: long,
  currency: text,
  timeZone: text,
  from: { ...text, format: 'date-time' },
  to: { ...text, format: 'date-time' },
  asOf: { ...text, description: 'What the answer knew: give it again for the same answer.' },
  by: { type: 'array', items: text },
  groups: {
    type: 'array',
    items: {
      type: 'object',
      required: ['lines', 'cost', 'unpriced'],
      properties: {
        lines: { type: 'integer' },
        used: { type: ['integer', 'string', 'null'] },
        charged: { type: ['integer', 'string', 'null'] },
        cost: money,
        unpriced: { type: 'integer', description: 'Lines without a price.' },
      },
    },
  },
  total: {
    type: 'object',
    required: ['lines', 'cost', 'used', 'unpriced'],
    properties: { lines: { type: 'integer' }, cost: money, used: long, unpriced: long },
  },
  lines: {
    type: 'array',
    items: { type: 'object', required: Object.keys(lineFields), properties: lineFields },
  },
  next: { ...textOrNull, description: '`after` of the next page; null: this is the last.' },
};
