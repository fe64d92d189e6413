import { application, applicationStream, quotaOf } from '../scenario.ts';
import { enforcedAt } from './propagation.ts';
import { eventually } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import type { Step } from '../timeline.ts';
import { limitOf, longOf } from './limits.ts';

/** The rightsizer's evidence is a few seconds of refusals; the rest is for a busy machine. */
const PROPOSAL_MS = 45_000;

interface ProposalRow {
  readonly proposalId: string;
  readonly quotaId: string;
  readonly limits: readonly { readonly rate?: { readonly amount?: number } }[];
  readonly evidence: {
    readonly policy: string;
    readonly figures: Readonly<Record<string, string>>;
  };
}

/** A proposal with its evidence, accepted. */
export const proposal: Step<DemoContext> = {
  key: 'proposal',
  title: 'refusals became a proposal with evidence, and a person accepted it',
  async run({ client, hosts }, progress) {
    const before = await limitOf(client, quotaOf.code, 'tokens');
    progress('waiting for the rightsizer to see refusals …');
    const found = await eventually('a proposal of the rightsizer', PROPOSAL_MS, async () => {
      const page = await client.read(`/v1/proposals?application=${application}`);
      const items = (page?.['proposals'] ?? []) as ProposalRow[];
      return items.find((item) => item.quotaId === quotaOf.code);
    });
    const answer = await client.accept(
      {
        type: 'ApproveProposal',
        stream: applicationStream,
        data: { proposalId: found.proposalId },
      },
      'demo: the evidence is clear',
      'approver',
    );
    const version = longOf(answer.outcome?.['quotaVersion']);
    for (const host of hosts) await enforcedAt(host, quotaOf.code, version);
    const after = await eventually('the resized limit on the read side', 5_000, async () => {
      const limit = await limitOf(client, quotaOf.code, 'tokens');
      return limit !== before ? limit : undefined;
    });
    const { policy, figures } = found.evidence;
    return {
      held:
        amountOf(after) > amountOf(before) &&
        amountOf(after) === found.limits[0]?.rate?.amount &&
        Number(figures['refused'] ?? 0) > 0 &&
        (figures['reasons'] ?? '').includes('REFUSED'),
      lines: [
        `${found.proposalId} for ${quotaOf.code}: ${before} → ${after}`,
        `evidence (${policy}): ${Object.entries(figures)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')}`,
      ],
      figures: { limitBefore: amountOf(before), limitAfter: amountOf(after) },
    };
  },
};

export function amountOf(limit: string): number {
  const parsed = JSON.parse(limit) as { rate?: { amount?: number } };
  return parsed.rate?.amount ?? Number.NaN;
}
