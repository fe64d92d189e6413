import { uuidFromHash } from '@prorata/service-runtime';
import { fromJson, fullNameOf, sha256 } from '@prorata/schemas';
import type { CommandMessage, EventEnvelope, EventMessage, QuotaContent } from '@prorata/schemas';

/** As long as a hash: nothing that folds a creation looks at it. */
const ANY_HASH = '0'.repeat(64);

/** The application that grows. */
export const STREAM = 'application:bench';
const APPLICATION = 'bench';
/** Who pays for all of it. */
export const PAYER = 'bench/all';
/** Children of each node: three levels hold a million. */
const CHILDREN = 100;
/** Groups that own, and limits that occur: what repeats in a large company, and what does not. */
const OWNERS = 5_000;
const AMOUNTS = 1_000;
/** All is said to answer the one command that the bench has put into the topic: a restore goes on after it. */
export const ONLY_COMMAND = 0n;
/** Some day. */
const NOW = 1_790_000_000_000_000n;

function parsed(fullName: string, json: unknown): unknown {
  const result = fromJson(fullName, json);
  if ('violations' in result) throw new TypeError(JSON.stringify(result.violations));
  return result.value;
}

const actor = { kind: 'user', issuer: 'https://issuer.example', subject: 'planner' };

function envelopeOf(version: bigint, quotaId: string | null, quotaVersion: bigint): EventEnvelope {
  return {
    ...envelopeSample,
    eventId: uuidOf(`event ${version}`),
    streamVersion: version,
    quotaId,
    quotaVersion: quotaId === null ? null : quotaVersion,
    commandId: uuidOf(`command ${version}`),
    commandOffset: ONLY_COMMAND,
    decidedAt: NOW + version,
    actor: { ...envelopeSample.actor },
  };
}

const uuidOf = (text: string): string => uuidFromHash(sha256(Buffer.from(text)), 8);

const envelopeJson = {
  eventId: uuidOf(''),
  stream: STREAM,
  streamVersion: 1,
  quotaId: null,
  quotaVersion: null,
  cause: 'command',
  commandId: null,
  commandOffset: Number(ONLY_COMMAND),
  timer: null,
  actor,
  decidedAt: '2026-09-21T00:00:00Z',
  reason: 'what the team has asked for this quarter',
  previousHash: '00'.repeat(32),
};
const envelopeSample = parsed('io.prorata.event.EventEnvelope', envelopeJson) as EventEnvelope;

const contentSample = parsed('io.prorata.type.QuotaContent', {
  owner: 'group:0',
  project: null,
  tier: 2,
  cutPriority: 0,
  labels: {},
  attributes: {},
  limits: [{ resource: 'slots', capacity: { guaranteed: 1, max: 1_000 } }],
  match: [],
  action: 'refuse',
  rightsizing: [],
}) as QuotaContent;

/** Parents before children: bench/t0, bench/t0/s0, bench/t0/s0/q0 … */
export function quotaIdOf(index: number): string {
  const inner = 1 + CHILDREN;
  const perTop = 1 + CHILDREN * inner;
  const top = Math.floor(index / perTop);
  const inTop = index % perTop;
  if (inTop === 0) return `${APPLICATION}/t${top}`;
  const second = Math.floor((inTop - 1) / inner);
  const inSecond = (inTop - 1) % inner;
  const parent = `${APPLICATION}/t${top}/s${second}`;
  return inSecond === 0 ? parent : `${parent}/q${inSecond - 1}`;
}

/** Strings and limits are made anew for each, as a decoder makes them. */
function contentOf(index: number, quotaId: string): QuotaContent {
  const depth = quotaId.split('/').length - 1;
  const [limit] = contentSample.limits;
  if (limit === undefined) throw new TypeError('The sample has no limit.');
  // A leaf has some slots, and each level above holds what its children may have.
  const share = BigInt(AMOUNTS) * BigInt(CHILDREN) ** BigInt(3 - depth);
  const guaranteed = depth === 3 ? BigInt(1 + (index % AMOUNTS)) : share;
  return {
    ...contentSample,
    owner: `group:team-${index % OWNERS}`,
    project: depth === 1 ? PAYER : null,
    labels: {},
    match: [],
    rightsizing: [],
    limits: [{ ...limit, guaranteed, amount: share * 10n }],
  };
}

/** What the application declares, as a command has it. */
export const terms = {
  displayName: 'Bench',
  levels: ['top', 'second', 'queue'],
  resources: [{ name: 'slots', kind: 'capacity', unit: 'slot' }],
  defaultMode: 'enforce',
  defaultOnStale: 'hold',
  robotChanges: 'apply',
  proposalLifetimeMicros: 3_600_000_000,
};

export function registration(): EventMessage {
  const value = parsed('io.prorata.event.ApplicationRegistered', {
    envelope: { ...envelopeJson, eventId: uuidOf('event 1'), reason: 'bench' },
    version: 1,
    ...terms,
  });
  return { type: 'ApplicationRegistered', value } as EventMessage;
}

/** The stream's version 2 + index. */
export function creation(index: number): EventMessage {
  const quotaId = quotaIdOf(index);
  const envelope = envelopeOf(BigInt(index) + 2n, quotaId, 1n);
  const content = contentOf(index, quotaId);
  return { type: 'QuotaCreated', value: { envelope, content, contentHash: ANY_HASH } };
}

/** A change of a quota that is there, to something else each turn. */
export function changeCommand(index: number, turn: number): CommandMessage {
  const guaranteed = 1 + ((index + turn) % AMOUNTS);
  return commandIn('ChangeQuota', `${index} ${turn}`, {
    quotaId: quotaIdOf(index),
    setLimits: [{ resource: 'slots', capacity: { guaranteed, max: AMOUNTS * 10 } }],
  });
}

/** A command to the application, of its data as JSON; its id comes from its type and the turn. */
export function commandIn(
  type: CommandMessage['type'],
  turn: string | number,
  data: object,
): CommandMessage {
  const value = parsed(fullNameOf[type], {
    envelope: {
      commandId: uuidOf(`${type} ${turn}`),
      stream: STREAM,
      actor,
      roles: ['admin', 'operator'],
      reason: 'bench',
      dryRun: false,
      submittedAt: '2026-09-21T00:00:00Z',
    },
    ...data,
  });
  return { type, value } as CommandMessage;
}
