import { hostsByStage } from '@prorata/quota-model/hosts';
import type { HostPlace } from '@prorata/quota-model/hosts';
import { CommandError } from '../commandError.ts';
import { readRolloutFile } from '../file/rolloutFile.ts';
import type { RolloutFile } from '../file/rolloutFile.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { countText } from '../output/countText.ts';
import { limitText } from '../output/limitText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { assertAccepted, sendOne } from './sendOne.ts';
import { waiversOf } from './waivers.ts';

export interface RolloutOptions extends OutputOptions {
  readonly reason: string;
}

export interface StartOptions extends RolloutOptions {
  readonly file: string;
  readonly dryRun?: boolean;
  readonly waive?: readonly string[];
}

const verbs = {
  advance: 'AdvanceRollout',
  pause: 'PauseRollout',
  resume: 'ResumeRollout',
  promote: 'PromoteRollout',
  rollback: 'RollBackRollout',
} as const;
export type RolloutVerb = keyof typeof verbs;

const past: Readonly<Record<RolloutVerb, string>> = {
  advance: 'is at its next stage',
  pause: 'is paused',
  resume: 'goes on; its stage bakes anew',
  promote: 'is promoted: all hosts enforce what it brought',
  rollback: 'is rolled back: all hosts enforce what is declared',
};

/** Starts what a file says, or tells what would come of it. */
export async function startRollout(options: StartOptions): Promise<number> {
  const { file, dryRun = false, reason, output, waive } = options;
  const rollout = await readRolloutFile(file);
  const waivers = waiversOf(waive);
  const command = {
    type: 'StartRollout',
    stream: `application:${rollout.application}`,
    data: rollout.data,
    waivers,
  } as const;
  const client = await connected();
  if (dryRun) return tellReach(client, rollout, command, options);
  const done = (outcome: Json): string => {
    const id = textIn(outcome, 'result');
    return screenText(`${id} is on. What becomes of it: ./prorata rollout show ${id}`);
  };
  return sendOne(client, command, { reason, output, done });
}

/** One step of a rollout, by hand. */
export async function stepRollout(
  verb: RolloutVerb,
  rolloutId: string,
  { reason, output }: RolloutOptions,
): Promise<number> {
  const client = await connected();
  const stream = `application:${applicationOf(rolloutId)}`;
  const data =
    verb === 'advance' ? { rolloutId, stage: await stageOf(client, rolloutId) } : { rolloutId };
  const done = screenText(`${rolloutId} ${past[verb]}.`);
  return sendOne(client, { type: verbs[verb], stream, data }, { reason, output, done });
}

export async function listRollouts(
  application: string | undefined,
  { output, status }: OutputOptions & { readonly status?: string },
): Promise<number> {
  const client = await connected();
  const rows = await withProgress('reading rollouts', () =>
    client.all('/v1/rollouts', 'rollouts', { application, status }),
  );
  await answerAs(output, rows, () =>
    rows.length === 0 ? ['There are none.'] : tableLines(Object.keys(columns), rows.map(rowOf)),
  );
  return 0;
}

export async function showRollout(rolloutId: string, { output }: OutputOptions): Promise<number> {
  applicationOf(rolloutId);
  const client = await connected();
  const found = await withProgress(`reading ${rolloutId}`, () =>
    client.get<Json>(`/v1/rollouts/${encodeURIComponent(rolloutId)}`),
  );
  await answerAs(output, found, () => showLines(found));
  return 0;
}

/** The stage that is seen is the one that is left: who is late goes no further than they meant. */
async function stageOf(client: GatewayClient, rolloutId: string): Promise<number> {
  const found = await client.get<Json>(`/v1/rollouts/${encodeURIComponent(rolloutId)}`);
  return Number(found['stage']);
}

function applicationOf(rolloutId: string): string {
  const [, application] = /^(.+)-r\d+$/.exec(rolloutId) ?? [];
  if (application !== undefined) return application;
  throw new CommandError(
    `${rolloutId} is no rollout's id, such as moka-r7: ./prorata rollout list has them`,
    2,
  );
}

/** What a dry run finds: the limits of a promotion, and how many hosts each stage reaches. */
async function tellReach(
  client: GatewayClient,
  { application, data }: RolloutFile,
  command: Parameters<typeof sendOne>[1],
  { reason, output }: StartOptions,
): Promise<number> {
  const [answer, rows] = await withProgress(
    'asking what would come of it',
    async () =>
      [
        await client.send({ ...command, dryRun: true }, reason),
        await client.all('/v1/hosts', 'hosts', { application }),
      ] as const,
  );
  const outcome = await assertAccepted(answer);
  const hosts = rows.map((row) => ({
    hostId: textIn(row, 'hostId'),
    zone: textIn(row, 'zone') || null,
  }));
  const reached = reachOf(data, textIn(outcome, 'result'), hosts);
  const changes = (outcome['preview'] ?? []) as readonly Json[];
  const told = { changes, hosts: hosts.length, stages: reached };
  await answerAs(output, told, () => [
    colours.bold('When it is promoted'),
    ...tableLines(['quota', 'resource', 'now', 'then'], changes.map(changeRow)),
    '',
    colours.bold(
      `Of ${countText(hosts.length, 'host')} that ${hosts.length === 1 ? 'has' : 'have'} reported`,
    ),
    ...tableLines(
      ['stage', 'hosts', 'quotas'],
      reached.map(({ stage, hosts: count, quotas }) => [`${stage}`, `${count}`, quotas.join(', ')]),
    ),
  ]);
  return 0;
}

/** By stage: how many hosts take the candidate, and of which quotas. */
export function reachOf(
  { steps, stages }: RolloutFile['data'],
  rolloutId: string,
  hosts: readonly HostPlace[],
): readonly {
  readonly stage: number;
  readonly hosts: number;
  readonly quotas: readonly string[];
}[] {
  const quotas = [...new Set(steps.map((step) => textIn(step['change'] as Json, 'quotaId')))];
  const typed = stages as unknown as Parameters<typeof hostsByStage>[0];
  return hostsByStage(typed, rolloutId, hosts).map((count, stage) => ({
    stage,
    hosts: count,
    quotas,
  }));
}

function changeRow(change: Json): readonly string[] {
  const [before, after] = ['before', 'after'].map((name) => limitText(change[name] as Json | null));
  return [textIn(change, 'quotaId'), textIn(change, 'resource'), before ?? '', after ?? ''];
}

const columns = {
  rollout: (row: Json) => textIn(row, 'rolloutId'),
  status: (row: Json) => textIn(row, 'status'),
  stage: stageText,
  quotas: (row: Json) => (row['quotas'] as readonly string[]).join(', '),
  'started by': (row: Json) => textIn(row['startedBy'] as Json, 'subject'),
  reason: (row: Json) => textIn(row, 'reason'),
} as const;

const rowOf = (row: Json): readonly string[] => Object.values(columns).map((textOf) => textOf(row));

/** Stages are counted from 0, as in commands and events. */
function stageText(row: Json): string {
  return `${textIn(row, 'stage')} (last: ${(row['stages'] as readonly unknown[]).length - 1})`;
}

function showLines(found: Json): readonly string[] {
  const stages = found['stages'] as readonly Json[];
  const entered = found['entered'] as readonly Json[];
  const status = textIn(found, 'status');
  return [
    screenText(`${textIn(found, 'rolloutId')} ${status}, stage ${stageText(found)}`),
    screenText(
      `changes ${(found['quotas'] as readonly string[]).join(', ')}: ${textIn(found, 'reason')}`,
    ),
    ...(found['steps'] as readonly Json[]).flatMap(resizeLine),
    '',
    ...tableLines(
      ['stage', 'adds', 'bakes for', 'begun', 'by', 'evidence'],
      stages.map((stage, index) => stageRow(stage, index, entered[index])),
    ),
    '',
    ...(status === 'on' ? [`Its stage bakes until ${textIn(found, 'bakedAt')}.`] : []),
    ...(status === 'paused' ? ['It is paused: resumed, its stage bakes anew.'] : []),
    screenText(
      `Last: ${textIn(found['changedBy'] as Json, 'subject')} at ${textIn(found, 'changedAt')}: ${textIn(found, 'changedReason')}`,
    ),
  ];
}

/** Of a rollout that a resize began: the limit, and what the robot computed it from. */
function resizeLine({ resize }: Json): readonly string[] {
  if (resize === null || resize === undefined) return [];
  const { limit, evidence } = resize as { readonly limit: Json; readonly evidence: Json };
  const resource = textIn(limit, 'resource');
  const { policy, source } = evidence;
  return [
    screenText(
      `sets ${resource} to ${limitText(limit)} by evidence: ${String(policy)}, ${String(source)}`,
    ),
  ];
}

const MICROS_PER_SECOND = 1_000_000;

function stageRow(stage: Json, index: number, entered: Json | undefined): readonly string[] {
  const { percent, zones, hosts } = stage['selector'] as {
    readonly percent: number;
    readonly zones: readonly string[];
    readonly hosts: readonly string[];
  };
  const adds = [...(percent > 0 ? [`${percent} %`] : []), ...zones, ...hosts].join(', ');
  return [
    `${index}`,
    adds,
    `${Number(stage['bakeMicros']) / MICROS_PER_SECOND} s`,
    entered === undefined ? '-' : textIn(entered, 'at'),
    entered === undefined ? '-' : textIn(entered, 'cause'),
    evidenceText(entered?.['evidence'] as Json | null | undefined),
  ];
}

function evidenceText(evidence: Json | null | undefined): string {
  if (evidence === null || evidence === undefined) return '-';
  const { hosts, decisions, refused } = evidence['stage'] as Json;
  return `${countText(Number(hosts), 'host')}, ${countText(Number(decisions), 'decision')}, ${String(refused)} refused`;
}
