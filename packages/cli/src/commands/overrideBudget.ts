import { CommandError } from '../commandError.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { connected } from './connected.ts';
import { endOf } from './limitOption.ts';
import { sendOne } from './sendOne.ts';

export interface OverrideBudgetOptions extends OutputOptions {
  readonly lift?: boolean;
  readonly for?: string;
  readonly until?: string;
  readonly reason: string;
}

/** Keeps a budget from cutting until a known end, or ends that. Gateway and writer are enough for it. */
export async function overrideBudget(id: string, options: OverrideBudgetOptions): Promise<number> {
  const [organization = '', budgetId = '', ...more] = id.split('/');
  if (organization === '' || budgetId === '' || more.length > 0) {
    throw new CommandError(`${id} is no budget's id: <organization>/<budget>`, 2);
  }
  const { lift = false, reason, output } = options;
  // What was typed wrong is told where there is no gateway, too.
  const until = lift ? '' : endOf(options);
  const stream = `organization:${organization}`;
  const client = await connected();
  if (lift) {
    const command = { type: 'LiftBudgetOverride', stream, data: { budgetId } } as const;
    return sendOne(client, command, { reason, output, done: `${id} may cut again.` });
  }
  const command = { type: 'OverrideBudget', stream, data: { budgetId, until } } as const;
  const done = `${id} cuts nothing until ${until}; what it has cut is lifted. --lift ends it.`;
  return sendOne(client, command, { reason, output, done });
}
