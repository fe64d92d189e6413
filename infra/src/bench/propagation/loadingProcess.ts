/** One host that decides again and again while rules come: what a decision takes, and how long requests wait. */
import process from 'node:process';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { startHost } from '@prorata/host-sdk';
import type { RuleSink, RuleSource } from '@prorata/host-sdk';
import type { Rule } from '@prorata/schemas';
import { Latencies } from '../commands/latencies.ts';

const RULES = Number(process.argv[2] ?? '100000');
/** Decisions of one turn of the event loop: what a busy service makes between two looks at its sockets. */
const DECISIONS = 100;
const WARM_UP_MS = 1_000;
const IDLE_MS = 2_000;

const ruleAt = (index: number): Rule => ({
  application: 'bench',
  quotaId: `bench/q${index}`,
  quotaVersion: 1n,
  eventOffset: BigInt(index + 1),
  decidedAt: 0n,
  limits: [
    {
      ...{ resource: 'requests', kind: 'rate', bound: 'amount', amount: 1_000_000n },
      ...{ perMicros: 1_000_000n, burst: null, guaranteed: null, window: null, zone: null },
    },
  ],
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: 'enforce',
  onStale: 'hold',
  requests: null,
  tier: 2,
  project: null,
  after: null,
  candidate: null,
});

const set = (rules: readonly Rule[]) => ({
  rules,
  unreadable: [],
  completeTo: BigInt(RULES),
  isCurrent: true,
  appliedOffset: BigInt(RULES),
});

/** As the source over Kafka hands a topic over: whole, once it has read it. */
let sink: RuleSink | null = null;
const source: RuleSource = {
  kind: 'kafka',
  run: (_application, given, abort) => {
    sink = given;
    given.replaceAll(set([ruleAt(0)]));
    return new Promise((resolve) => abort.addEventListener('abort', () => resolve()));
  },
};

const nowhere = {
  sendUsage: () => Promise.resolve(),
  sendReport: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
const host = await startHost({ application: 'bench', rules: source, usage: nowhere });
const handle = host.bind({ quota: 'bench/q0' });

interface Stretch {
  readonly decisions: Latencies;
  /** The longest that a turn of the event loop took, milliseconds. */
  pauseMs: number;
  isOver: boolean;
}

/** Nanoseconds a decision, the mean of a turn's; and the longest turn. */
async function observe(stretch: Stretch): Promise<void> {
  let turnedMs = performance.now();
  while (!stretch.isOver) {
    const beganMs = performance.now();
    for (let decision = 0; decision < DECISIONS; decision++) handle.take('requests', 1);
    const endedMs = performance.now();
    stretch.decisions.add(((endedMs - beganMs) * 1e6) / DECISIONS);
    stretch.pauseMs = Math.max(stretch.pauseMs, endedMs - turnedMs);
    turnedMs = endedMs;
    await nextTurn();
  }
}

async function during(work: () => Promise<void>): Promise<Stretch> {
  const stretch: Stretch = { decisions: new Latencies(), pauseMs: 0, isOver: false };
  const observed = observe(stretch);
  await work();
  stretch.isOver = true;
  await observed;
  return stretch;
}

const all = Array.from({ length: RULES }, (_, index) => ruleAt(index));
await during(() => delay(WARM_UP_MS));
const idle = await during(() => delay(IDLE_MS));
let loadMs = 0;
const loading = await during(async () => {
  const beganMs = performance.now();
  sink?.replaceAll(set(all));
  while (host.status().rules < RULES) await delay(1);
  loadMs = performance.now() - beganMs;
  // What follows from it: collections, and what was put off.
  await delay(IDLE_MS);
});
const figures = {
  loadMs,
  idleP99Ns: idle.decisions.percentile(0.99),
  loadingP99Ns: loading.decisions.percentile(0.99),
  idlePauseMs: idle.pauseMs,
  pauseMs: loading.pauseMs,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
await host.stop();
