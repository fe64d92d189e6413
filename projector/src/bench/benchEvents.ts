import { contentHash } from '@prorata/quota-model';
import { fromJson } from '@prorata/schemas';
import type { EventEnvelope, EventMessage, QuotaContent } from '@prorata/schemas';

/** Streams that the events spread over: several a partition, as in a cell with many applications. */
const APPLICATIONS = 16;
/** Quotas right below an application; all others lie below one of them. */
const TEAMS = 50;
/** Events of a leaf: it is created, and changed as often as quotas are in a year of resizing. */
const EVENTS_A_LEAF = 8;
/** Different contents in all: each owner's, and of each so many amounts. What is resized keeps its owner. */
const OWNERS = 8;
const AMOUNTS = 8;
/** Some day, and what passes between two events of a stream, microseconds: a million of them take two years. */
const NOW = 1_767_225_600_000_000n;
const BETWEEN = 1_000_000_000n;
const NO_HASH = Buffer.alloc(32);

function parsed(fullName: string, json: unknown): unknown {
  const result = fromJson(fullName, json);
  if ('violations' in result) throw new TypeError(JSON.stringify(result.violations));
  return result.value;
}

const envelopeJson = {
  eventId: '00000000-0000-8000-8000-000000000000',
  stream: 'application:bench-0',
  streamVersion: 1,
  quotaId: null,
  quotaVersion: null,
  cause: 'command',
  commandId: '00000000-0000-8000-8000-000000000000',
  commandOffset: 0,
  timer: null,
  actor: { kind: 'user', issuer: 'https://issuer.example', subject: 'planner' },
  decidedAt: '2026-01-01T00:00:00Z',
  reason: 'what the team has asked for this quarter',
  previousHash: '00'.repeat(32),
};
const envelopeSample = parsed('io.prorata.event.EventEnvelope', envelopeJson) as EventEnvelope;
const registrationSample = parsed('io.prorata.event.ApplicationRegistered', {
  envelope: envelopeJson,
  version: 1,
  displayName: 'Bench',
  levels: ['team', 'queue'],
  resources: [{ name: 'slots', kind: 'capacity', unit: 'slot' }],
  defaultMode: 'enforce',
  defaultOnStale: 'hold',
  robotChanges: 'apply',
  proposalLifetimeMicros: 3_600_000_000,
});

const contents = Array.from({ length: OWNERS * AMOUNTS }, (_, index) => {
  const content = parsed('io.prorata.type.QuotaContent', {
    owner: `group:team-${index % OWNERS}`,
    project: null,
    tier: 2,
    cutPriority: 0,
    labels: {},
    attributes: {},
    limits: [
      { resource: 'slots', capacity: { guaranteed: 1 + Math.floor(index / OWNERS), max: 1_000 } },
    ],
    match: [],
    action: 'refuse',
    rightsizing: [],
  }) as QuotaContent;
  return { content, contentHash: contentHash(content) };
});

function uuidOf(application: number, version: bigint): string {
  const place = version.toString(16).padStart(12, '0');
  return `${application.toString(16).padStart(8, '0')}-0000-8000-8000-${place}`;
}

function envelopeOf(
  application: number,
  version: bigint,
  quota: { readonly quotaId: string; readonly version: bigint } | null,
): EventEnvelope {
  const id = uuidOf(application, version);
  return {
    ...envelopeSample,
    eventId: id,
    commandId: id,
    stream: `application:bench-${application}`,
    streamVersion: version,
    quotaId: quota?.quotaId ?? null,
    quotaVersion: quota?.version ?? null,
    commandOffset: version,
    decidedAt: NOW + version * BETWEEN,
    previousHash: NO_HASH,
  };
}

/**
 * So many events of all applications, in turns: each application is registered, its teams are created, then
 * leaf after leaf is created and changed, a round of leaves at a time.
 */
export function* benchEvents(count: number): Generator<EventMessage> {
  const each = Math.ceil(count / APPLICATIONS);
  const streams = Array.from({ length: APPLICATIONS }, (_, index) => eventsOf(index, each));
  let made = 0;
  for (;;) {
    for (const stream of streams) {
      if (made === count) return;
      const next = stream.next();
      if (next.done === true) return;
      yield next.value;
      made += 1;
    }
  }
}

function* eventsOf(application: number, count: number): Generator<EventMessage> {
  let version = 1n;
  const registration = registrationSample as object;
  yield {
    type: 'ApplicationRegistered',
    value: { ...registration, envelope: envelopeOf(application, version, null) },
  } as EventMessage;
  const leaves = Math.max(1, Math.floor((count - 1 - TEAMS) / EVENTS_A_LEAF));
  const ids = [
    ...Array.from({ length: TEAMS }, (_, team) => `bench-${application}/t${team}`),
    ...Array.from(
      { length: leaves },
      (_, leaf) => `bench-${application}/t${leaf % TEAMS}/q${leaf}`,
    ),
  ];
  const versions = new Map<string, bigint>();
  // All are created before any is changed: changes come from everywhere in the tree.
  for (let turn = 0; version < count; turn += 1) {
    const turned = turn === 0 ? ids : ids.slice(TEAMS);
    for (const [index, quotaId] of turned.entries()) {
      if (version >= count) return;
      version += 1n;
      const quotaVersion = (versions.get(quotaId) ?? 0n) + 1n;
      versions.set(quotaId, quotaVersion);
      const place = turn === 0 ? index : index + TEAMS;
      const declared = contents[(place % OWNERS) + OWNERS * ((place + turn) % AMOUNTS)];
      const envelope = envelopeOf(application, version, { quotaId, version: quotaVersion });
      yield {
        type: turn === 0 ? 'QuotaCreated' : 'QuotaChanged',
        value: { ...declared, envelope },
      } as EventMessage;
    }
  }
}
