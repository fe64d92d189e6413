import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { LogPort } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import {
  accessGuard,
  assertTopics,
  connectLog,
  createCodec,
  createLogger,
  createService,
  isLoopbackHost,
  postCommands,
  Problem,
  requireSetting,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { ReadyCheck, RunningService, Settings } from '@prorata/service-runtime';
import { ServedTables } from '../catalog/servedTables.ts';
import { CommandDesk } from '../commandDesk.ts';
import { inBatches } from '../commandBatches.ts';
import type { PostCommand } from '../commandDesk.ts';
import { namesInForce } from '../focus/namesInForce.ts';
import { LedgerReader } from '../ledger/ledgerReader.ts';
import { PeriodCloser } from '../ledger/periodCloser.ts';
import { readPolicy } from '../policy.ts';
import type { Policy } from '../policy.ts';
import { Rollups } from '../rollups/rollups.ts';
import { Rightsizer } from '../resize/rightsizer.ts';
import type { ResizeEvaluation } from '../resize/rightsizer.ts';
import { SummaryKeeper } from '../summary/summaryKeeper.ts';
import { quarantineForm, usageForm } from '../table/rowForms.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import type { TablePlaces } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { TableFreshness } from '../tableFreshness.ts';
import { Provisioner } from '../provision/provisioner.ts';
import type { ProvisionEvaluation } from '../provision/provisioner.ts';
import { Throttle } from '../throttle/throttle.ts';
import type { ThrottleEvaluation } from '../throttle/throttle.ts';
import { followView } from '../view/followView.ts';
import type { FollowedView } from '../view/followView.ts';
import { startCompaction } from './compactionLoop.ts';
import { explainBudget } from './explainBudget.ts';
import { logEvaluations } from './logEvaluations.ts';
import { logProvisioning } from './logProvisioning.ts';
import { startLoop } from './loop.ts';
import type { RunningLoop } from './loop.ts';
import { rightsizerMetrics } from './metrics.ts';
import type { RightsizerMetrics } from './metrics.ts';
import type { PartName } from './readParts.ts';
import { statusReport } from './reports.ts';
import { openapi, routes } from './routes.ts';
import { startSinkPart } from './startSinkPart.ts';
import type { SinkPart } from './startSinkPart.ts';

type Logger = ReturnType<typeof createLogger>;

/** What every part stands on. */
interface Ground {
  readonly settings: Settings;
  readonly policy: Policy;
  readonly logger: Logger;
  readonly log: LogPort;
  readonly codec: Codec;
  readonly partitions: number;
  readonly usageTopic: string;
  readonly places: TablePlaces;
  readonly database: UsageDatabase;
  readonly commandTimeoutMs: number;
}

/** How the parts that only read see usage. */
interface UsageParts {
  readonly reader: UsageReader;
  readonly rollups: Rollups;
}

/** Writing a command and waiting for its outcome, milliseconds: an evaluation posts one after another. */
const COMMAND_TIMEOUT_MS = 10_000;

export interface RunningRightsizer extends RunningService {
  readonly url: string;
}

/**
 * Opens the table, starts the parts that are asked for, and serves the routes, in this order.
 * @param commandTimeoutMs until a command counts as not answered, and the next evaluation sends it again
 */
export async function startRightsizer(
  parts: ReadonlySet<PartName>,
  settings: Settings,
  commandTimeoutMs = COMMAND_TIMEOUT_MS,
): Promise<RunningRightsizer> {
  const ground = { ...(await prepare(settings)), commandTimeoutMs };
  const { logger, log, database } = ground;
  const reader = new UsageReader(database, ground.places);
  const needsView = (['rightsizer', 'throttle', 'ledger'] as const).some((part) => parts.has(part));
  const loops = needsView ? startView(ground) : null;
  const rollups = await openRollups(ground);
  const ledger = loops && new LedgerReader(loops.view.ledger, rollups);
  const running = new Running();
  const service = createService({
    name: 'rightsizer',
    settings,
    logger,
    access: accessGuard('rightsizer', tokenVerifier(settings)),
    openapi,
    ready: () => running.checks(loops),
    routes: (router) =>
      routes(router, {
        tables: new ServedTables(ground.places.storage, [usageForm.name, quarantineForm.name]),
        status: async () =>
          statusReport({
            policy: ground.policy,
            parts: [...parts],
            snapshot: await reader.newest(),
            ...running.statuses(),
          }),
        costs() {
          if (loops === null || ledger === null || !parts.has('ledger')) {
            throw new Problem(503, 'LEDGER_NOT_RUNNING', 'Another process makes charge lines.');
          }
          const snapshot = (id: bigint) => reader.at(id);
          const names = namesInForce(loops.view);
          return { ledger, newest: () => reader.newest(), snapshot, now: nowMicros, names };
        },
        entitlements: { now: nowMicros, plan: (...asked) => running.plan(...asked) },
        look(organization, budget) {
          if (running.throttle === null) {
            throw new Problem(503, 'THROTTLE_NOT_RUNNING', 'Another process looks at budgets.');
          }
          return running.throttle.look(organization, budget, nowMicros());
        },
        explain(look) {
          const state = loops?.view.organization(look.organization);
          const { budgetId } = look.inputs.budget;
          const cuts = [...(state?.cuts.values() ?? [])].filter((cut) => cut.budgetId === budgetId);
          const plan = running.plan(look.organization, budgetId, null, nowMicros());
          return explainBudget(look, ground.policy, cuts, typeof plan === 'string' ? null : plan);
        },
      }),
  });
  const metrics = rightsizerMetrics(service.metrics);
  const { url } = await service.listen();
  if (parts.has('sink')) running.sink = await startSink(ground, metrics);
  const usage = { reader, rollups };
  if (parts.has('summary')) startSummary(ground, usage, metrics, running);
  if (parts.has('compactor')) startCompactor(ground, metrics, running);
  if (loops !== null && ledger !== null) {
    await startLoops(ground, parts, { view: loops, usage, ledger }, metrics, running);
  }
  logger.info({ url, parts: [...parts], policy: ground.policy.name }, 'The rightsizer is up.');
  return {
    url,
    finished: Promise.race(
      [running.sink?.finished, loops?.finished].filter((each) => each !== undefined),
    ),
    async stop() {
      await service.close();
      await running.stop();
      await loops?.stop();
      await log.close();
      database.close();
      await ground.places.close();
    },
  };
}

function nowMicros(): bigint {
  return BigInt(Date.now()) * 1_000n;
}

async function prepare(settings: Settings): Promise<Omit<Ground, 'commandTimeoutMs'>> {
  const logger = createLogger('rightsizer', settings.logLevel);
  const policy = await readPolicy(settings.policyFile);
  const directory = requireSetting(
    settings.usageDirectory,
    'PRORATA_USAGE_DIRECTORY',
    "the usage table's folder",
  );
  const log = connectLog(settings, 'rightsizer');
  const admin = await log.admin();
  const partitions = await assertTopics(admin, settings, ['quota.events', 'usage.events']);
  await admin.close();
  const places = await tablePlaces(directory, settings.usageStorage);
  warnOfClearText(settings, logger);
  return {
    settings,
    policy,
    logger,
    log,
    codec: createCodec(settings),
    partitions,
    usageTopic: inNamespace('usage.events', settings.namespace),
    places,
    database: await UsageDatabase.open(places.root, undefined, places.folders),
  };
}

/** Within one's own walls it may do; that it is so has to be seen. */
function warnOfClearText({ usageStorage }: Settings, logger: Logger): void {
  const { endpoint } = usageStorage?.s3 ?? { endpoint: null };
  if (endpoint?.startsWith('http://') !== true || isLoopbackHost(new URL(endpoint).hostname))
    return;
  logger.warn(
    { endpoint },
    'PRORATA_USAGE_S3_ENDPOINT has no TLS: usage goes there in clear text.',
  );
}

/** Of this process and machine: they follow from the table, and are made anew where there are none. */
function openRollups({ places, database, policy }: Ground): Promise<Rollups> {
  const directory = path.join(places.root, 'rollups');
  return Rollups.open({ directory, database, keeping: policy.rollups });
}

function startView({ log, codec, partitions, settings }: Ground): FollowedView {
  return followView(log, codec, inNamespace('quota.events', settings.namespace), partitions);
}

function startSink(ground: Ground, metrics: RightsizerMetrics): Promise<SinkPart> {
  const { settings, policy } = ground;
  return startSinkPart({ ...ground, namespace: settings.namespace, rule: policy.sink, metrics });
}

/** Without a database nothing is kept, and questions of what is unused have no answer. */
function startSummary(
  { settings, log, usageTopic, partitions, policy, logger }: Ground,
  usage: UsageParts,
  metrics: RightsizerMetrics,
  running: Running,
): void {
  const { usageDatabaseUrl: databaseUrl } = settings;
  if (databaseUrl == null) {
    logger.info('PRORATA_USAGE_DATABASE_URL is not set: what quotas have used is not summed up.');
    return;
  }
  const freshness = new TableFreshness(log, usageTopic, partitions);
  const broken = (error: Error): void => logger.warn({ err: error }, 'A connection broke.');
  const summary = new SummaryKeeper({ databaseUrl, ...usage, freshness, broken });
  running.summary = summary;
  running.summaryLoop = startLoop({
    intervalMs: policy.summary.evaluationMs,
    evaluate: (now) => summary.evaluate(now),
    failed(error) {
      metrics.failed('summary');
      logger.error({ err: error }, 'What quotas have used was not summed up; what was is kept.');
    },
  });
}

function startCompactor(ground: Ground, metrics: RightsizerMetrics, running: Running): void {
  const { database, places, policy, logger } = ground;
  running.compactionLoop = startCompaction({
    database,
    places,
    policy: policy.compaction,
    logger,
    failed(error) {
      metrics.failed('compactor');
      logger.error({ err: error }, 'Files were not compacted; answers are the same, and slower.');
    },
  });
}

/** What control loops look at. */
interface Sources {
  readonly view: FollowedView;
  readonly usage: UsageParts;
  readonly ledger: LedgerReader;
}

async function startLoops(
  ground: Ground,
  parts: ReadonlySet<PartName>,
  { view, usage, ledger }: Sources,
  metrics: RightsizerMetrics,
  running: Running,
): Promise<void> {
  const { log, usageTopic, partitions, policy, logger } = ground;
  const post = await commandPost(ground);
  const freshness = new TableFreshness(log, usageTopic, partitions);
  const shared = { view, ...usage, freshness, policy };
  const failed = (loop: string) => (error: unknown) => {
    metrics.failed(loop);
    logger.error({ err: error, loop }, 'An evaluation failed; nothing was changed by it.');
  };
  const told = logEvaluations(logger);
  if (parts.has('throttle') || parts.has('ledger')) {
    // Budgets read the rows that are not rolled up yet at each look: they must stay few.
    running.rollupLoop = startLoop({
      intervalMs: policy.summary.evaluationMs,
      async evaluate(now) {
        const newest = await usage.reader.newest();
        if (newest !== null) await usage.rollups.of(newest, now);
      },
      failed: failed('rollups'),
    });
  }
  if (parts.has('rightsizer')) {
    const rightsizer = new Rightsizer({ ...shared, desk: running.desk(post) });
    running.resizeLoop = startLoop({
      intervalMs: policy.rightsizer.evaluationMs,
      async evaluate(now) {
        const evaluation = await rightsizer.evaluate(now);
        running.resizes = evaluation;
        metrics.resizes(evaluation);
        told.resizes(evaluation);
      },
      failed: failed('rightsizer'),
    });
  }
  if (parts.has('throttle')) {
    const throttle = new Throttle({ ...shared, ledger, desk: running.desk(post) });
    running.throttle = throttle;
    running.budgetLoop = startLoop({
      intervalMs: policy.throttle.evaluationMs,
      async evaluate(now) {
        const evaluation = await throttle.evaluate(now);
        running.budgets = evaluation;
        metrics.budgets(evaluation);
        told.budgets(evaluation);
        throwFaults(evaluation);
      },
      failed: failed('throttle'),
    });
    startProvisioner(ground, view, { post, failed: failed('provisioner') }, metrics, running);
  }
  if (parts.has('ledger')) {
    const closer = new PeriodCloser({ ...shared, ledger, desk: running.desk(post) });
    running.ledgerLoop = startLoop({
      intervalMs: policy.ledger.evaluationMs,
      async evaluate(now) {
        told.closings(await closer.evaluate(now));
      },
      failed: failed('ledger'),
    });
  }
}

/** Beside the throttle, which carries out what it intends; neither waits for the other. */
function startProvisioner(
  { policy, logger }: Ground,
  view: FollowedView,
  { post, failed }: { readonly post: PostCommand; readonly failed: (error: unknown) => void },
  metrics: RightsizerMetrics,
  running: Running,
): void {
  const { refusalRestMs, evaluationMs } = policy.throttle;
  const provisioner = new Provisioner({ view, desk: running.desk(post), refusalRestMs });
  const told = logProvisioning(logger);
  running.provisioner = provisioner;
  running.provisionLoop = startLoop({
    intervalMs: evaluationMs,
    async evaluate(now) {
      const evaluation = await provisioner.evaluate(now);
      running.provisioned = evaluation;
      metrics.provisioned(evaluation);
      told(evaluation);
    },
    failed,
  });
}

/** Told like any failed evaluation, in readiness too, once the other budgets have been seen to. */
function throwFaults({ faults }: ThrottleEvaluation): void {
  if (faults.length === 0) return;
  const names = faults.map(({ organization, budgetId }) => `${organization}/${budgetId}`);
  throw new AggregateError(
    faults.map(({ error }) => error),
    `These budgets could not be evaluated: ${names.join(', ')}.`,
  );
}

async function commandPost({ settings, commandTimeoutMs }: Ground): Promise<PostCommand> {
  const gatewayUrl = requireSetting(
    settings.urls.gateway,
    'PRORATA_GATEWAY_URL',
    'where the control loops post their commands',
  );
  const tokenFile = requireSetting(settings.tokenFile, 'PRORATA_TOKEN_FILE', "the robot's token");
  await readFile(tokenFile, 'utf8');
  return inBatches(async (commands) =>
    postCommands({
      commands,
      gatewayUrl,
      // Read each time: tokens end and are replaced.
      token: (await readFile(tokenFile, 'utf8')).trim(),
      timeoutMs: commandTimeoutMs,
    }),
  );
}

/** What runs, and what it last found. */
class Running {
  sink: SinkPart | null = null;
  resizeLoop: RunningLoop | null = null;
  resizes: ResizeEvaluation | null = null;
  throttle: Throttle | null = null;
  budgetLoop: RunningLoop | null = null;
  budgets: ThrottleEvaluation | null = null;
  provisioner: Provisioner | null = null;
  provisionLoop: RunningLoop | null = null;
  provisioned: ProvisionEvaluation | null = null;
  ledgerLoop: RunningLoop | null = null;
  rollupLoop: RunningLoop | null = null;
  summary: SummaryKeeper | null = null;
  summaryLoop: RunningLoop | null = null;
  compactionLoop: RunningLoop | null = null;
  readonly #desks: CommandDesk[] = [];

  desk(post: PostCommand): CommandDesk {
    const desk = new CommandDesk(post);
    this.#desks.push(desk);
    return desk;
  }

  /** @throws Problem 503 */
  plan(...asked: Parameters<Provisioner['plan']>): ReturnType<Provisioner['plan']> {
    if (this.provisioner === null) {
      throw new Problem(503, 'THROTTLE_NOT_RUNNING', 'Another process looks at budgets.');
    }
    return this.provisioner.plan(...asked);
  }

  checks(view: FollowedView | null): ReadyCheck[] {
    // The summary's fault is told by the log, a metric and the age of its answers: nothing else waits for it.
    const { resizeLoop: rightsizer, budgetLoop: throttle, ledgerLoop: ledger } = this;
    const loops = { rightsizer, throttle, ledger };
    return [
      ...(view === null ? [] : [{ name: 'events folded', ok: view.isCaughtUp }]),
      ...(this.sink === null ? [] : [this.sink.ready]),
      ...Object.entries(loops)
        .filter(([, loop]) => loop !== null)
        .map(([name, loop]) => ({
          name,
          ok: loop?.fault == null,
          ...(loop?.fault == null ? {} : { detail: loop.fault.message }),
        })),
    ];
  }

  statuses(): Pick<Parameters<typeof statusReport>[0], 'resizes' | 'budgets' | 'provisioned'> {
    return {
      resizes: this.resizeLoop && { loop: this.resizeLoop, last: this.resizes },
      budgets: this.budgetLoop && { loop: this.budgetLoop, last: this.budgets },
      provisioned: this.provisionLoop && { loop: this.provisionLoop, last: this.provisioned },
    };
  }

  async stop(): Promise<void> {
    for (const desk of this.#desks) desk.close();
    const loops = [
      this.resizeLoop,
      this.budgetLoop,
      this.provisionLoop,
      this.ledgerLoop,
      this.rollupLoop,
      this.summaryLoop,
      this.compactionLoop,
    ];
    await Promise.all(loops.map(async (loop) => loop?.stop()));
    await this.summary?.stop();
    await this.sink?.stop();
  }
}
