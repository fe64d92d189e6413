import { fromJson, fullNameOf, toJson } from '@prorata/schemas';
import type { ChangeTree, CommandMessage, JsonViolation } from '@prorata/schemas';
import type { Json } from '../plan/json.ts';
import { shareKey, thresholdKey } from './budgetKey.ts';
import { idleKey, priceKey, sharedCostKey } from './priceKey.ts';

const CONTENT = 'io.prorata.type.QuotaContent';
const STEP = 'io.prorata.type.TreeStep';

/** What a command that nobody sends would say, so that its own fields can be read. */
const envelope = {
  commandId: '00000000-0000-4000-8000-000000000000',
  stream: '',
  actor: { kind: 'user', issuer: '', subject: '' },
  roles: ['admin'],
  reason: 'plan',
  dryRun: true,
  submittedAt: '2026-01-01T00:00:00Z',
};

export type Normal = { readonly value: Json } | { readonly violations: readonly JsonViolation[] };

/** A quota's content with every default written out, so that equal contents are equal JSON. */
export function normalContent(json: Json): Normal {
  const parsed = fromJson(CONTENT, json);
  if ('violations' in parsed) return parsed;
  return { value: withoutOrder(toJson(CONTENT, parsed.value) as Json) };
}

/** A command's own fields with every default written out. */
export function normalFields(type: CommandMessage['type'], json: Json): Normal {
  const name = fullNameOf[type];
  const parsed = fromJson(name, { ...json, envelope });
  if ('violations' in parsed) return parsed;
  const fields: Record<string, unknown> = { ...(toJson(name, parsed.value) as Json) };
  delete fields['envelope'];
  if (type === 'DefineBudget') return { value: withPartsOfBudget(withPlainAmount(fields)) };
  if (type === 'DefinePriceBook') return { value: withTermsInTime(fields) };
  return { value: fields };
}

/** As the budget keeps them; null: as they are. */
function withPartsOfBudget(fields: Json): Json {
  const sorted = (name: string, keyOf: (item: Json) => string): unknown =>
    fields[name] === null ? null : sortedBy(listIn(fields, name), keyOf);
  return {
    ...fields,
    thresholds: sorted('thresholds', thresholdKey),
    split: sorted('split', shareKey),
  };
}

/** As the book keeps them: by what they are of, and time. */
function withTermsInTime(fields: Json): Json {
  const prices = listIn(fields, 'prices').map((price) => ({
    ...withPlainAmount(price),
    steps: listIn(price, 'steps').map((step) => withPlainAmount(step)),
  }));
  const sharedCosts = listIn(fields, 'sharedCosts').map((cost) =>
    withPartsInOrder(withPlainAmount(cost, 'amountPerMonth')),
  );
  const idle = listIn(fields, 'idle').map(withPartsInOrder);
  return {
    ...fields,
    prices: sortedBy(prices, priceKey),
    sharedCosts: sortedBy(sharedCosts, sharedCostKey),
    idle: sortedBy(idle, idleKey),
  };
}

function withPartsInOrder(entry: Json): Json {
  const project = (part: Json): string => String(part['project']);
  return { ...entry, weights: sortedBy(listIn(entry, 'weights'), project) };
}

const listIn = (fields: Json, name: string): readonly Json[] => fields[name] as readonly Json[];

function sortedBy<T extends Json>(list: readonly T[], keyOf: (item: T) => string): readonly T[] {
  return [...list].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** `10000.00` and `10000` are the same money. */
function withPlainAmount(fields: Json, name = 'amount'): Json {
  const amount = String(fields[name]);
  return { ...fields, [name]: amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount };
}

/** The steps of a ChangeTree as they are kept, every field that is left out written out. */
export function normalSteps(steps: readonly Json[]): readonly Json[] {
  const { value } = messageOf({ type: 'ChangeTree', stream: '', data: { steps } }, {});
  return (value as ChangeTree).steps.map((step) => toJson(STEP, step) as Json);
}

/** A command as the model takes it. @throws TypeError when it is none: it was checked before */
export function messageOf(
  command: { readonly type: CommandMessage['type']; readonly stream: string; readonly data: Json },
  more: Json,
): CommandMessage {
  const { type, stream, data } = command;
  const parsed = fromJson(fullNameOf[type], {
    ...data,
    envelope: { ...envelope, ...more, stream },
  });
  if ('violations' in parsed) {
    throw new TypeError(
      `${type}: ${parsed.violations.map(({ path, message }) => `${path} ${message}`).join('; ')}`,
    );
  }
  return { type, value: parsed.value } as CommandMessage;
}

const byResource = (list: unknown): readonly Json[] =>
  [...(list as readonly Json[])].sort((a, b) =>
    String(a['resource']) < String(b['resource']) ? -1 : 1,
  );

/** Limits and bounds are sets: their order says nothing. */
function withoutOrder(content: Json): Json {
  return {
    ...content,
    limits: byResource(content['limits']),
    rightsizing: byResource(content['rightsizing']),
  };
}
