import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { applyManifest } from './apply/applyManifest.ts';
import type { ApplyOptions, ApplyResult } from './apply/applyManifest.ts';
import { describeDifference } from './apply/difference.ts';
import type { Difference } from './apply/difference.ts';
import { silent } from './provision/progress.ts';
import type { Progress } from './provision/progress.ts';
import { provideDatabase } from './stack/provideDatabase.ts';
import { provideJvmParts } from './stack/provideJvmParts.ts';
import type { TokenClaims } from './stack/mintToken.ts';
import { mintToken } from './stack/mintToken.ts';
import { PartSet } from './stack/partSet.ts';
import { preparePlan } from './stack/preparePlan.ts';
import type { Principal } from './stack/principals.ts';
import { addressesOf, usageDirectoryOf, connectionOf, environmentOf } from './stack/stackPlan.ts';
import type { Environment, StackAddresses, StackPlan } from './stack/stackPlan.ts';
import { backingNames, serviceNames } from './stack/stackParts.ts';
import type { BackingName, PartName, ServiceName } from './stack/stackParts.ts';
import type { StartContext } from './stack/startPart.ts';

export interface LocalStackOptions {
  /** Everything of the stack lives here: data, logs, secrets. A second start goes on with it. */
  readonly directory: string;
  readonly services: readonly ServiceName[] | 'all';
  /** true: the parts live on when this process ends. false, the default: they end with it. */
  readonly detached?: boolean;
  /** true: the ports that the documentation names, where they are free. Otherwise any. */
  readonly usualPorts?: boolean;
  /** true: KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL are used instead of parts of its own. */
  readonly useExternal?: boolean;
  readonly namespace?: string;
  /** The rightsizer's policy; its production defaults when absent. */
  readonly policy?: unknown;
  /** Environment beside and above what the stack gives a service. */
  readonly environment?: Readonly<Partial<Record<ServiceName, Environment>>>;
  /** false gives up Postgres's durability for speed. */
  readonly durable?: boolean;
  readonly progress?: Progress;
  /** Aborting ends what was started so far. */
  readonly signal?: AbortSignal;
}

export interface LocalStack {
  readonly directory: string;
  readonly addresses: StackAddresses;
  readonly manifestTarget: ApplyOptions;
  /** What a program needs to speak to the stack as this principal. */
  environmentOf(principal: Principal): Environment;
  mintToken(claims: TokenClaims): Promise<string>;
  /** Ends one part as a crash would, or all. */
  kill(part?: PartName): void;
  /** Starts a part that was stopped or killed, where it was, with its data; resolves once it is ready. */
  start(part: PartName): Promise<void>;
  stopPart(part: PartName): Promise<void>;
  /** The part's process, while it runs. */
  pidOf(part: PartName): number | undefined;
  stop(): Promise<void>;
}

/** What exists in Kafka or the registry is not what the manifest says. Nothing was changed. */
export class ManifestMismatch extends Error {
  override readonly name = 'ManifestMismatch';
  readonly differences: readonly Difference[];

  constructor(differences: readonly Difference[]) {
    const list = differences.map((difference) => `  - ${describeDifference(difference)}`);
    super(`what is there differs from the manifest:\n${list.join('\n')}`);
    this.differences = differences;
  }
}

/** Topics of a cluster of somebody else's get its own default replication; ours has one broker. */
function manifestTarget(plan: StackPlan): ApplyOptions {
  return {
    connection: connectionOf(plan, 'admin'),
    registryUrl: addressesOf(plan).registry,
    namespace: plan.namespace,
    replication: plan.external.kafka === undefined ? 1 : -1,
  };
}

async function apply(plan: StackPlan, progress: Progress): Promise<void> {
  const result: ApplyResult = await applyManifest(manifestTarget(plan));
  if (result.kind === 'refused') throw new ManifestMismatch(result.differences);
  const { topicsCreated, subjectsRegistered } = result;
  progress(
    `manifest applied: ${String(topicsCreated.length)} topics made, ` +
      `${String(subjectsRegistered.length)} schemas registered`,
  );
}

/** The token and the policy that services find in files; the token anew, since it ends. */
async function writeServiceFiles(plan: StackPlan, policy: unknown): Promise<Environment> {
  const month = 30 * 24 * 3600;
  for (const [subject, file] of [
    ['rightsizer', plan.secrets.rightsizerTokenFile],
    ['relay', plan.secrets.relayTokenFile],
  ] as const) {
    const robot = { subject, kind: 'robot', roles: ['robot'], lifetimeSeconds: month } as const;
    const token = await mintToken(plan.secrets.directory, robot);
    await writeFile(file, token, { mode: 0o600 });
  }
  // Reads registrations at the projector, as any service may, and holds no role.
  const gateway = {
    subject: 'gateway',
    kind: 'service',
    roles: [],
    lifetimeSeconds: month,
  } as const;
  const gatewayToken = await mintToken(plan.secrets.directory, gateway);
  await writeFile(plan.secrets.gatewayTokenFile, gatewayToken, { mode: 0o600 });
  await mkdir(usageDirectoryOf(plan), { recursive: true });
  if (policy === undefined) return {};
  const file = path.join(plan.directory, 'policy.json');
  await writeFile(file, JSON.stringify(policy, null, 2));
  return { PRORATA_POLICY_FILE: file };
}

function startContext(
  plan: StackPlan,
  options: LocalStackOptions,
  policy: Environment,
): StartContext {
  const { environment = {}, progress = silent } = options;
  return {
    plan,
    jvm: () => provideJvmParts(progress),
    overrides: { ...environment, rightsizer: { ...policy, ...environment.rightsizer } },
    durable: options.durable ?? true,
    signal: options.signal,
  };
}

async function startMissing(
  names: readonly PartName[],
  parts: PartSet,
  progress: Progress,
): Promise<void> {
  const missing = names.filter((name) => parts.pidOf(name) === undefined);
  if (missing.length > 0) progress(`starting ${missing.join(', ')} …`);
  await parts.startTogether(missing);
}

async function startAll(
  plan: StackPlan,
  parts: PartSet,
  options: LocalStackOptions,
): Promise<void> {
  const { progress = silent } = options;
  const own = backingNames.filter((name: BackingName) => plan.external[name] === undefined);
  // Once, before three starts would each ask for it.
  if (own.some((name) => name !== 'postgres')) await provideJvmParts(progress);
  await startMissing(own, parts, progress);
  if (plan.external.postgres === undefined) await provideDatabase(plan);
  await apply(plan, progress);
  const services = options.services === 'all' ? serviceNames : options.services;
  await startMissing(services, parts, progress);
}

/**
 * Starts the local stack, or what of it is not running, and resolves when every part is ready.
 * When anything fails, what this call has started ends again.
 * @throws PartDidNotStart | MissingTool | ToolFailed | ManifestMismatch | StackConflict
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const plan = await preparePlan(options);
  const policy = await writeServiceFiles(plan, options.policy);
  const context = startContext(plan, options, policy);
  const parts = await PartSet.open(context, options.progress ?? silent);
  try {
    await startAll(plan, parts, options);
  } catch (error) {
    await parts.stopStarted();
    throw error;
  }
  if (options.detached === true) parts.release();
  return {
    directory: plan.directory,
    addresses: addressesOf(plan),
    manifestTarget: manifestTarget(plan),
    environmentOf: (principal) => environmentOf(plan, principal),
    mintToken: (claims) => mintToken(plan.secrets.directory, claims),
    kill: (part) => {
      parts.kill(part);
    },
    start: (part) => parts.start(part),
    stopPart: (part) => parts.stop(part),
    pidOf: (part) => parts.pidOf(part),
    stop: () => parts.stopAll(),
  };
}
