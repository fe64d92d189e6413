import { CommandError } from '../commandError.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { connected } from './connected.ts';
import { timeOf } from './momentOption.ts';
import { sendOne } from './sendOne.ts';

export interface CreditOptions extends OutputOptions {
  readonly reason: string;
}

export interface GrantOptions extends CreditOptions {
  readonly amount: string;
  readonly currency: string;
  readonly priceBook: string;
  readonly project?: string;
  readonly at?: string;
}

/** Grants money. Without a time it counts from now on, so that sending it again is another credit of the same name. */
export async function grantCredit(id: string, options: GrantOptions): Promise<number> {
  const { organization, creditId } = partsOf(id);
  const { amount, currency, priceBook, project = null, reason, output } = options;
  const at = options.at === undefined ? new Date().toISOString() : timeOf(options.at);
  const data = { creditId, project, priceBook, amount, currency, at };
  const command = { type: 'GrantCredit', stream: `organization:${organization}`, data } as const;
  const whom = project ?? organization;
  const done = `${whom} is granted ${amount} ${currency}; ./prorata get credits ${organization} shows it.`;
  return sendOne(await connected(), command, { reason, output, done });
}

export async function withdrawCredit(id: string, options: CreditOptions): Promise<number> {
  const { organization, creditId } = partsOf(id);
  const stream = `organization:${organization}`;
  const command = { type: 'WithdrawCredit', stream, data: { creditId } } as const;
  const done = `Credit ${creditId} is taken back.`;
  return sendOne(await connected(), command, { ...options, done });
}

function partsOf(id: string): { readonly organization: string; readonly creditId: string } {
  const [organization = '', creditId = '', ...more] = id.split('/');
  if (organization !== '' && creditId !== '' && more.length === 0) {
    return { organization, creditId };
  }
  throw new CommandError(`${id} is no credit's id: <organization>/<credit>`, 2);
}
