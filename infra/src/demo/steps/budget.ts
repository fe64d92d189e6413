import { budgetCommand, quotaOf } from '../scenario.ts';
import { enforcedAt } from './propagation.ts';
import { eventually } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import type { Step, StepResult } from '../timeline.ts';
import { amountOf } from './proposal.ts';
import { limitOf, longOf } from './limits.ts';

/** The budget is spent after about 25 s of traffic; the rest is for a busy machine. */
const CUT_MS = 90_000;
const LIFT_MS = 30_000;
const TIER_2_CUT = 0.25;

interface Haircut {
  readonly spend: string;
  readonly budget: string;
  readonly overrunBasisPoints: number;
  readonly cutBasisPoints: number;
}

/** A project over its budget, cut by its tier, and restored to the exact limits when it is raised. */
export const budget: Step<DemoContext> = {
  key: 'budget',
  title:
    'a project over budget was cut by its tier, and restored exactly when the budget was raised',
  async run(context, progress): Promise<StepResult> {
    const { client, hosts } = context;
    const others = await limitOf(client, quotaOf.code, 'tokens');
    progress('waiting for usage to become money, and the money to pass the budget …');
    const cut = await eventually('a cut of the budget throttle', CUT_MS, () => haircutOf(client));
    await enforcedOn(hosts, cut.version);
    const during = await limitOf(client, quotaOf.conv, 'tokens');
    const untouched = (await limitOf(client, quotaOf.code, 'tokens')) === others;
    const before = cut.uncut;
    const raised = (Number(cut.haircut.spend) * 100).toFixed(2);
    await client.accept(budgetCommand(raised, context.startedAt), 'demo: the budget is raised');
    const lifted = await eventually('the lift', LIFT_MS, async () => {
      const quota = await client.quota(quotaOf.conv);
      return (await haircutOf(client)) === undefined ? versionOf(quota) : undefined;
    });
    await enforcedOn(hosts, lifted);
    const after = await limitOf(client, quotaOf.conv, 'tokens');
    const cutTo = amountOf(during) / amountOf(before);
    return {
      held: Math.abs(cutTo - (1 - TIER_2_CUT)) < 0.001 && after === before && untouched,
      lines: [
        `spent ${cut.haircut.spend} of ${cut.haircut.budget} EUR (${cut.haircut.overrunBasisPoints / 100} % over): ` +
          `tier 2 cut of ${cut.haircut.cutBasisPoints / 100} %`,
        `${before} → ${during}; budget raised to ${raised} EUR → ${after}`,
        cut.sentence,
      ],
      figures: {
        overrunBasisPoints: cut.haircut.overrunBasisPoints,
        cutBasisPoints: cut.haircut.cutBasisPoints,
        limitBefore: amountOf(before),
        limitDuring: amountOf(during),
        restoredExactly: after === before,
        othersUntouched: untouched,
      },
    };
  },
};

interface Layer {
  readonly layer: string;
  readonly limit: unknown;
  readonly haircut: Haircut | null;
}

async function haircutOf(client: DemoContext['client']): Promise<
  | {
      readonly haircut: Haircut;
      /** What lies under the cut. */
      readonly uncut: string;
      readonly version: bigint;
      readonly sentence: string;
    }
  | undefined
> {
  const quota = await client.quota(quotaOf.conv);
  const effective = (quota?.['effective'] ?? []) as { resource: string; layers: Layer[] }[];
  const layers = effective.find((entry) => entry.resource === 'tokens')?.layers ?? [];
  const at = layers.findIndex((layer) => layer.layer === 'haircut');
  const haircut = layers[at]?.haircut;
  if (haircut === undefined || haircut === null) return undefined;
  const explained = await client.read(`/v1/quotas/${encodeURIComponent(quotaOf.conv)}/explain`);
  const limits = (explained?.['limits'] ?? []) as { resource: string; sentence: string }[];
  return {
    haircut,
    uncut: JSON.stringify(layers[at - 1]?.limit),
    version: versionOf(quota),
    sentence: limits.find((entry) => entry.resource === 'tokens')?.sentence ?? '',
  };
}

const versionOf = (quota: Record<string, unknown> | undefined): bigint =>
  longOf(quota?.['version']);

async function enforcedOn(hosts: DemoContext['hosts'], version: bigint): Promise<void> {
  for (const host of hosts) await enforcedAt(host, quotaOf.conv, version);
}
