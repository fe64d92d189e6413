import { CommandError } from '../commandError.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { connected } from './connected.ts';
import { sendOne } from './sendOne.ts';

export interface ProposalOptions extends OutputOptions {
  readonly reason: string;
}

const verbs = {
  approve: 'ApproveProposal',
  reject: 'RejectProposal',
  withdraw: 'WithdrawProposal',
} as const;

/** Decides a proposal: it is validated anew against what holds now. */
export async function decideProposal(
  verb: keyof typeof verbs,
  proposalId: string,
  { reason, output }: ProposalOptions,
): Promise<number> {
  const [, application] = /^(.+)-p\d+$/.exec(proposalId) ?? [];
  if (application === undefined) {
    throw new CommandError(
      `${proposalId} is no proposal's id, such as moka-p7: ./prorata get proposals lists them`,
      2,
    );
  }
  const client = await connected();
  const command = { type: verbs[verb], stream: `application:${application}`, data: { proposalId } };
  const past = { approve: 'approved', reject: 'rejected', withdraw: 'withdrawn' }[verb];
  return sendOne(client, command, { reason, output, done: `${proposalId} is ${past}.` });
}
