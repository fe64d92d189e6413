import {
  contentOf,
  created,
  deleted,
  haircut,
  overridden,
  proposed,
  registered,
  tokensPerSecond,
} from './drafts.ts';
import { testStart } from './eventStamper.ts';
import type { Stand } from './projectorStand.ts';

/** Commands on one application: a tree, a cut, an override, a proposal, a deletion, a refusal. */
export async function tellStory(stand: Stand, application: string): Promise<void> {
  const stream = `application:${application}`;
  const { stamper } = stand;
  const root = `${application}/acme`;
  const payer = { project: 'acme/assistant', limits: [tokensPerSecond(100_000n)] };
  await stand.append(
    stamper.stamp(stream, [registered]),
    stamper.stamp(stream, [created(root, contentOf(payer))]),
    stamper.stamp(stream, [
      created(`${root}/chat`, contentOf({ limits: [tokensPerSecond(53_334n)] })),
    ]),
    stamper.stamp(stream, [created(`${root}/code`, contentOf({ owner: 'team-code' }))]),
    stamper.refuse(stream, 'PARENT_LIMIT_EXCEEDED'),
    stamper.stamp(stream, [haircut(`${root}/chat`, 2n)], { reason: 'over budget' }),
    stamper.stamp(stream, [
      overridden(`${root}/code`, 2n, [tokensPerSecond(5n)], testStart + 3_600_000_000n),
    ]),
    stamper.stamp(stream, [
      proposed(`${application}-p8`, `${root}/chat`, 3n, tokensPerSecond(60_000n)),
    ]),
    stamper.stamp(stream, [created(`${application}/gone`, contentOf())]),
    stamper.stamp(stream, [deleted(`${application}/gone`, 2n)]),
  );
}
