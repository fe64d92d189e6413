import { CommandError } from '../commandError.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';

export interface BudgetPlanOptions extends OutputOptions {
  readonly amount?: string;
}

/** What a budget's money buys by its split, or would buy, and which quotas no longer fit. */
export async function budgetPlan(id: string, options: BudgetPlanOptions): Promise<number> {
  const [organization = '', budgetId = '', ...more] = id.split('/');
  if (organization === '' || budgetId === '' || more.length > 0) {
    throw new CommandError(`${id} is no budget's id: <organization>/<budget>`, 2);
  }
  const client = await connected();
  const place = [organization, budgetId].map(encodeURIComponent).join('/');
  const query = options.amount === undefined ? {} : { amount: options.amount };
  const plan = await withProgress(`planning ${id}`, () =>
    client.get<Json>(`/v1/budgets/${place}/entitlements`, query),
  );
  await answerAs(options.output, plan, () => budgetPlanLines(plan));
  return 0;
}

const heads = ['application', 'resource', 'money', 'buys', 'handed out', 'held', 'step'] as const;
/** What a step means, for people. */
const steps: Readonly<Record<string, string>> = {
  allocate: 'will be handed out',
  release: 'will be released',
  fits: 'fits',
  waits: 'waits',
  does_not_fit: 'does not fit',
};

/** For people: a row a share, and below it what no longer fits. */
export function budgetPlanLines(plan: Json): readonly string[] {
  const currency = textIn(plan, 'currency');
  const amount = textIn(plan, 'amount');
  const inForce = textIn(plan, 'amountInForce');
  const shares = (plan['shares'] ?? []) as readonly Json[];
  const asked = amount === inForce ? '' : ` if it were (it is ${inForce})`;
  const of = textIn(plan, 'project') || textIn(plan, 'team') || textIn(plan, 'organization');
  const head = `${textIn(plan, 'budget')} of ${of}: ${amount} ${currency}${asked}`;
  return [
    colours.bold(screenText(head)),
    ...(shares.length === 0
      ? ['It has no split: nothing is handed out by itself.']
      : tableLines(heads, shares.map(cellsOf))),
    ...(plan['mode'] === 'enforce'
      ? []
      : [colours.yellow('It only rehearses: nothing is handed out by itself.')]),
    ...(textIn(plan, 'beyond') === '0' ? [] : [beyondText(plan)]),
    ...shares.flatMap(unfitLines),
  ];
}

function cellsOf(share: Json): string[] {
  const fault = textIn(share, 'fault');
  const step = textIn(share, 'step');
  const allocated = share['allocated'] as Json | null;
  return [
    textIn(share, 'application'),
    textIn(share, 'resource'),
    textIn(share, 'money'),
    textIn(share, 'buys'),
    allocated === null ? '' : textIn(allocated, 'amount'),
    textIn(share, 'held'),
    fault === '' ? (steps[step] ?? step) : fault,
  ];
}

function beyondText(plan: Json): string {
  const [out, beyond] = [textIn(plan, 'handedOut'), textIn(plan, 'beyond')];
  return colours.red(
    screenText(`${out} is handed out: ${beyond} more than that. Lower the shares first.`),
  );
}

function unfitLines(share: Json): readonly string[] {
  const quotas = (share['doesNotFit'] ?? []) as readonly Json[];
  if (quotas.length === 0) return [];
  const more = Number(share['doesNotFitMore'] ?? 0);
  const what = `${textIn(share, 'resource')} of ${textIn(share, 'application')}`;
  return [
    '',
    colours.yellow(screenText(`${what}: ${textIn(share, 'over')} too much; nothing is taken.`)),
    ...tableLines(
      ['quota', 'tier', 'cut priority', 'holds', 'too much'],
      quotas.map((quota) =>
        ['quotaId', 'tier', 'cutPriority', 'holds', 'over'].map((name) => textIn(quota, name)),
      ),
    ),
    ...(more === 0 ? [] : [`and ${more} more`]),
  ];
}
