import { applicationStream, quotaOf, tokensLimit, limitsFor } from '../scenario.ts';
import { eventually, quantileOf, rounded } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import type { HostProcess } from '../hostProcess.ts';
import { longOf } from './limits.ts';
import type { Step } from '../timeline.ts';

const CHANGES = 5;
const LIMIT_MS = 5_000;

/** A limit changed, and the milliseconds until each host enforced it. */
export const propagation: Step<DemoContext> = {
  key: 'propagation',
  title: 'a limit changed, and every host enforced it',
  async run(context) {
    const base = limitsFor(context.workload).conv;
    const byHost = new Map<HostProcess, number[]>();
    const answered: number[] = [];
    for (let change = 1; change <= CHANGES; change += 1) {
      const amount = change === CHANGES ? base : base + change * 1000;
      const sentAtMs = Date.now();
      const answer = await context.client.accept(
        {
          type: 'ChangeQuota',
          stream: applicationStream,
          data: { quotaId: quotaOf.conv, setLimits: [tokensLimit(amount)] },
        },
        `demo: change ${change} of ${CHANGES}`,
      );
      answered.push(Date.now() - sentAtMs);
      const version = longOf(answer.outcome?.['quotaVersion']);
      for (const host of context.hosts) {
        const atMs = await enforcedAt(host, quotaOf.conv, version);
        byHost.set(host, [...(byHost.get(host) ?? []), atMs - sentAtMs]);
      }
    }
    const all = [...byHost.values()].flat();
    return {
      held: all.length === CHANGES * context.hosts.length,
      lines: [
        `${CHANGES} changes, from the POST: answered after ${quantileOf(answered, 0.5)} ms (median), ` +
          `enforced by ${[...byHost].map(([host, ms]) => `${host.options.hostId} (${host.options.transport}) after ${quantileOf(ms, 0.5)} ms`).join(', ')}; the slowest ${Math.max(...all)} ms`,
      ],
      figures: {
        changes: CHANGES,
        answeredMsMedian: quantileOf(answered, 0.5),
        enforcedMsMedian: rounded(quantileOf(all, 0.5)),
        enforcedMsMax: rounded(Math.max(...all)),
      },
    };
  },
};

/** When a decision of this host first answered under that version of the quota's rule, or a later one. */
export function enforcedAt(host: HostProcess, quotaId: string, version: bigint): Promise<number> {
  return eventually(
    `${host.options.hostId} enforces ${quotaId} version ${version}`,
    LIMIT_MS,
    () => {
      const rule = host.applied.find(
        (applied) => applied.quotaId === quotaId && applied.quotaVersion >= version,
      );
      return rule?.enforcedAtMs;
    },
  );
}
