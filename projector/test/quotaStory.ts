/** A tree from its registration on, cut, overridden, proposed to and pruned, as events of `application:llm`. */
import type { EventDraft } from '@prorata/quota-model';
import {
  changed,
  contentOf,
  created,
  deleted,
  haircut,
  overrideEnded,
  overridden,
  proposed,
  registered,
  tokensPerSecond,
} from './drafts.ts';
import { testStart } from './eventStamper.ts';

/** By command. */
export const quotaStory: readonly (readonly EventDraft[])[] = [
  [registered],
  [
    created(
      'llm/acme',
      contentOf({ project: 'acme/assistant', limits: [tokensPerSecond(100_000n)] }),
    ),
  ],
  [created('llm/acme/chat', contentOf({ limits: [tokensPerSecond(53_334n)] }))],
  [created('llm/acme/code', contentOf({ tier: 4 }))],
  [created('llm/other', contentOf({ owner: 'others', limits: [tokensPerSecond(7n)] }))],
  [haircut('llm/acme/chat', 2n), haircut('llm/acme/code', 2n, { cutBasisPoints: 5_000 })],
  [overridden('llm/acme', 2n, [tokensPerSecond(90_000n)], testStart + 60_000_000n)],
  [proposed('llm-p8', 'llm/acme/chat', 3n, tokensPerSecond(60_000n))],
  [
    changed(
      'llm/acme',
      3n,
      contentOf({ project: 'acme/other', limits: [tokensPerSecond(80_000n)] }),
    ),
  ],
  [proposed('llm-p10', 'llm/other', 2n, tokensPerSecond(9n))],
  [overrideEnded('llm/acme', 4n)],
  [deleted('llm/other', 3n)],
];
