import { delay, quantileOf, rounded } from '../measures.ts';
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
    const before = await measureAll(hosts);
    stack.kill('kafka');
    stack.kill('relay');
    const killedAt = Date.now();
    progress('broker and relay are dead …');
    await delay(START_AFTER_MS);
    const late = context.startHost('host-late', 'kafka');
    const ready = await late.ready();
    late.replay(someRequests(context.workload), Date.now());
    await delay(Math.max(0, killedAt + OUTAGE_MS - Date.now()));
    const during = await measureAll(hosts);
    const lateFigures = await late.measure();
    await late.stop();
    progress('starting them again …');
    await stack.start('kafka');
    await stack.start('relay');
    return judge(before, during, { source: ready.source, figures: lateFigures });
  },
};

/** A host that ran before and was stopped: its disk has the last good rules. */
async function leaveRulesOnDisk(context: DemoContext): Promise<void> {
  const early = context.startHost('host-late', 'kafka');
  await early.ready();
  await delay(1_000);
  await early.stop();
}

/** Every third request of the first seconds, as one host of three would get them. */
function someRequests(workload: Workload): readonly Request[] {
  return workload.requests.filter(({ atMs }, at) => atMs < OUTAGE_MS && at % 3 === 0);
}

interface LateHost {
  readonly source: string;
  readonly figures: HostFigures;
}

function judge(
  before: readonly HostFigures[],
  during: readonly HostFigures[],
  late: LateHost,
): StepResult {
  const p99Before = quantileOf(
    before.map((figures) => figures.p99Nanos),
    0.5,
  );
  const p99During = quantileOf(
    during.map((figures) => figures.p99Nanos),
    0.5,
  );
  const all = [...before, ...during, late.figures];
  const unlike = all.reduce((sum, figures) => sum + figures.unlikeModel, 0);
  const decided = during.reduce((sum, figures) => sum + figures.decisions, 0);
  const ratio = p99During / p99Before;
  return {
    held:
      ratio <= P99_RATIO_MAX &&
      unlike === 0 &&
      decided > 0 &&
      late.source === 'disk' &&
      late.figures.rules > 0 &&
      late.figures.decisions > 0,
    lines: [
      `p99 of a decision, median of the hosts: ${rounded(p99Before / 1000)} µs before, ` +
        `${rounded(p99During / 1000)} µs during (${rounded(ratio)} ×), ${decided} decisions meanwhile`,
      `${unlike} of ${all.reduce((sum, figures) => sum + figures.decisions, 0)} decisions unlike the model's`,
      `a host started during the outage decided by ${late.figures.rules} rules from its ${late.source}`,
    ],
    figures: {
      p99BeforeMicros: rounded(p99Before / 1000),
      p99DuringMicros: rounded(p99During / 1000),
      p99Ratio: rounded(ratio),
      decisionsDuring: decided,
      unlikeModel: unlike,
      lateHostSource: late.source,
      lateHostRules: late.figures.rules,
    },
  };
}

async function measureAll(hosts: readonly HostProcess[]): Promise<readonly HostFigures[]> {
  return Promise.all(hosts.map((host) => host.measure()));
}
