import { applicationStream, quotaOf, tokensLimit, limitsFor } from '../scenario.ts';
import { enforcedAt } from './propagation.ts';
import { eventually } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import type { Step } from '../timeline.ts';
import { limitOf, longOf } from './limits.ts';

const OVERRIDE_MS = 4_000;
/** The writer looks at its timers four times a second; the rest is for a busy machine. */
const LATE_MS_MAX = 3_000;

/** An override that ends by itself. */
export const override: Step<DemoContext> = {
  key: 'override',
  title: 'an override ended by itself',
  async run(context) {
    const { client } = context;
    const before = await limitOf(client, quotaOf.conv, 'tokens');
    const doubled = limitsFor(context.workload).conv * 2;
    const untilMs = Date.now() + OVERRIDE_MS;
    const until = new Date(untilMs).toISOString();
    const answer = await client.accept(
      {
        type: 'OverrideQuota',
        stream: applicationStream,
        data: { quotaId: quotaOf.conv, limits: [tokensLimit(doubled)], until },
      },
      'demo: a launch',
    );
    const version = longOf(answer.outcome?.['quotaVersion']);
    for (const host of context.hosts) await enforcedAt(host, quotaOf.conv, version);
    const during = await eventually('the override on the read side', 5_000, async () => {
      const limit = await limitOf(client, quotaOf.conv, 'tokens');
      return limit !== before ? limit : undefined;
    });
    await eventually('the end of the override', OVERRIDE_MS + LATE_MS_MAX, async () => {
      const quota = await client.quota(quotaOf.conv);
      return longOf(quota?.['version']) > version ? true : undefined;
    });
    const lateMs = Date.now() - untilMs;
    const after = await limitOf(client, quotaOf.conv, 'tokens');
    return {
      held: after === before && during !== before && lateMs <= LATE_MS_MAX,
      lines: [
        `${quotaOf.conv}: ${before} → ${during} until ${until} → ${after}, with nobody's hand; ` +
          `the end was on the read side ${lateMs} ms after its time`,
      ],
      figures: { endedLateMs: lateMs, restoredExactly: after === before },
    };
  },
};
