import { connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { delay, quantileOf, rounded } from '../measures.ts';
import { applicationStream, limitsFor, quotaOf } from '../scenario.ts';
import { longOf } from './limits.ts';
import { enforcedAt } from './propagation.ts';
import type { DemoContext } from '../context.ts';
import type { HostFigures } from '../hostMessages.ts';
import type { HostProcess } from '../hostProcess.ts';
import type { Step, StepResult } from '../timeline.ts';
import type { Request, Workload } from '../workload.ts';

const BEFORE_MS = 10_000;
const OUTAGE_MS = 20_000;
/** The host that starts during the outage does so after this much of it. */
const START_AFTER_MS = 5_000;
const P99_RATIO_MAX = 2;
/** One host's p99 is a handful of decisions on a busy machine; a host that waits is far beyond this. */
const HOST_P99_RATIO_MAX = 10;
/** Fewer decisions on a host within the outage would not be "under load". */
const DECISIONS_MIN = 100;
const CONNECT_MS = 1_000;
/** An override to a tenth ends after this much of the outage, when nobody is there to end it. */
const OVERRIDE_ENDS_MS = 10_000;
/** Of the overridden service's requests: at most this share goes through before, at least that after. */
const SHARE_BEFORE_MAX = 0.6;
const SHARE_AFTER_MIN = 0.8;

/**
 * Broker and relay killed under load: no decision waits or changes, and a host that starts meanwhile
 * enforces from its disk.
 */
export const outage: Step<DemoContext> = {
  key: 'outage',
  title: 'broker and relay were killed for 20 s under load, and no decision waited or changed',
  async run(context, progress): Promise<StepResult> {
    const { stack, hosts } = context;
    await leaveRulesOnDisk(context);
    progress('measuring decisions before the outage …');
    await measureAll(hosts);
    await delay(BEFORE_MS);
    const endsAt = Date.now() + OVERRIDE_ENDS_MS;
    await overrideToATenth(context, endsAt);
    const before = await measureAll(hosts);
    const ran = stack.pidOf('kafka') !== undefined && stack.pidOf('relay') !== undefined;
    stack.kill('kafka');
    stack.kill('relay');
    const killedAt = Date.now();
    progress('broker and relay are dead …');
    await delay(START_AFTER_MS);
    const late = context.startHost('host-late', 'kafka');
    const ready = await late.ready();
    late.replay(someRequests(context.workload), Date.now());
    await delay(Math.max(0, endsAt - Date.now()));
    const overridden = await measureAll(hosts);
    await delay(Math.max(0, killedAt + OUTAGE_MS - Date.now()));
    const dead = ran && !(await answers(stack.addresses.kafka));
    const during = await measureAll(hosts);
    const lateFigures = await late.measure();
    await late.stop();
    progress('starting them again …');
    await stack.start('kafka');
    await stack.start('relay');
    return judge({
      before,
      overridden,
      during,
      late: { source: ready.source, figures: lateFigures },
      dead,
    });
  },
};

/** A host that ran before and was stopped: its disk has the last good rules. */
async function leaveRulesOnDisk(context: DemoContext): Promise<void> {
  const early = context.startHost('host-late', 'kafka');
  await early.ready();
  await delay(1_000);
  await early.stop();
}

async function overrideToATenth(context: DemoContext, endsAt: number): Promise<void> {
  const tenth = Math.round(limitsFor(context.workload).conv / 10);
  const limits = [{ resource: 'tokens', rate: { amount: tenth, per: '1s', burst: 20_000 } }];
  const until = new Date(endsAt).toISOString();
  const answer = await context.client.accept(
    {
      type: 'OverrideQuota',
      stream: applicationStream,
      data: { quotaId: quotaOf.conv, limits, until },
    },
    'demo: a fire, put out while everything else is down',
  );
  const version = longOf(answer.outcome?.['quotaVersion']);
  for (const host of context.hosts) await enforcedAt(host, quotaOf.conv, version);
}

/** The share of a service's requests that went through, over all hosts. */
function shareAllowed(figures: readonly HostFigures[]): number {
  const allowed = figures.reduce((sum, each) => sum + each.allowed.conv, 0);
  const refused = figures.reduce((sum, each) => sum + each.refused.conv, 0);
  return allowed / (allowed + refused);
}

/** Every third request of the first seconds, as one host of three would get them. */
function someRequests(workload: Workload): readonly Request[] {
  return workload.requests.filter(({ atMs }, at) => atMs < OUTAGE_MS && at % 3 === 0);
}

function answers(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_MS });
    const settle = (answered: boolean) => (): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', settle(true));
    socket.once('error', settle(false));
    socket.once('timeout', settle(false));
  });
}

interface LateHost {
  readonly source: string;
  readonly figures: HostFigures;
}

interface Seen {
  readonly before: readonly HostFigures[];
  /** Within the outage, until the override's end and from it on. */
  readonly overridden: readonly HostFigures[];
  readonly during: readonly HostFigures[];
  readonly late: LateHost;
  readonly dead: boolean;
}

function judge({ before, overridden, during, late, dead }: Seen): StepResult {
  const ratios = [overridden, during].flatMap((part) =>
    part.map(({ p99Nanos }, at) => p99Nanos / (before[at]?.p99Nanos ?? Number.NaN)),
  );
  const worst = Math.max(...ratios);
  const p99Of = (of: readonly HostFigures[]): number =>
    quantileOf(
      of.flatMap(({ nanos }) => [...nanos]),
      0.99,
    ) / 1000;
  const p99Before = p99Of(before);
  const p99During = p99Of([...overridden, ...during]);
  const ratio = p99During / p99Before;
  const all = [...before, ...overridden, ...during, late.figures];
  const shares = [shareAllowed(overridden), shareAllowed(during)] as const;
  const ended = shares[0] <= SHARE_BEFORE_MAX && shares[1] >= SHARE_AFTER_MIN;
  const sum = (pick: (figures: HostFigures) => number, of: readonly HostFigures[]): number =>
    of.reduce((total, figures) => total + pick(figures), 0);
  const unlike = sum(({ unlikeModel }) => unlikeModel, all);
  const expected = before[0]?.ruleSet ?? {};
  const sameRules = [...before, ...overridden, ...during].every(({ ruleSet }) =>
    isDeepStrictEqual(ruleSet, expected),
  );
  // Its disk was written before the override: the same quotas, one of them under its former rule.
  const lateKnowsAll = isDeepStrictEqual(
    Object.keys(late.figures.ruleSet).sort(),
    Object.keys(expected).sort(),
  );
  const underLoad = [...overridden, ...during].every(({ decisions }) => decisions >= DECISIONS_MIN);
  return {
    held:
      dead &&
      ratio <= P99_RATIO_MAX &&
      worst <= HOST_P99_RATIO_MAX &&
      unlike === 0 &&
      underLoad &&
      sameRules &&
      ended &&
      Object.keys(expected).length > 0 &&
      late.source === 'disk' &&
      lateKnowsAll &&
      late.figures.decisions > 0,
    lines: [
      `p99 of the hosts’ decisions: ${rounded(p99Before)} µs before, ${rounded(p99During)} µs during (${rounded(ratio)} ×); ` +
        `the worst ratio of a host ${rounded(worst)} ×; ${sum(({ decisions }) => decisions, [...overridden, ...during])} decisions meanwhile`,
      `${unlike} of ${sum(({ decisions }) => decisions, all)} decisions unlike the model's; ` +
        (sameRules
          ? `every host kept the same ${Object.keys(expected).length} rules`
          : 'the hosts’ rules are not the same as before'),
      `an override to a tenth ended meanwhile, with nobody there: ${Math.round(shares[0] * 100)} % of its requests ` +
        `went through before its time, ${Math.round(shares[1] * 100)} % after`,
      `a host started during the outage decided ${late.figures.decisions} times by rules from its ${late.source}`,
      ...(dead ? [] : ['broker or relay did not die']),
    ],
    figures: {
      p99BeforeMicros: rounded(p99Before),
      p99DuringMicros: rounded(p99During),
      p99Ratio: rounded(ratio),
      overrideEndedAlone: ended,
      p99RatioWorstHost: rounded(worst),
      decisionsDuring: sum(({ decisions }) => decisions, [...overridden, ...during]),
      unlikeModel: unlike,
      sameRules,
      lateHostSource: late.source,
      lateHostDecisions: late.figures.decisions,
    },
  };
}

async function measureAll(hosts: readonly HostProcess[]): Promise<readonly HostFigures[]> {
  return Promise.all(hosts.map((host) => host.measure()));
}
