/** Envelopes for tests and for tools that make logs: what the gateway and the writer stamp in earnest. */
import type {
  Actor,
  CommandEnvelope,
  CommandMessage,
  EventEnvelope,
  EventMessage,
} from '@prorata/schemas';
import { commandAuthority } from '../authority/commandAuthority.ts';
import type { SendingRole } from '../authority/commandAuthority.ts';
import type { EventDraft } from '../model.ts';
import { contentHash } from '../versions/contentHash.ts';

/** 2026-01-01T00:00:00Z: when every test starts. */
export const START = 1_767_225_600_000_000n;
export const SECOND = 1_000_000n;
export const HOUR = 3_600n * SECOND;
export const DAY = 24n * HOUR;

export const ana: Actor = { kind: 'user', issuer: 'https://id.test', subject: 'ana' };
export const ben: Actor = { kind: 'user', issuer: 'https://id.test', subject: 'ben' };
export const rightsizer: Actor = {
  kind: 'robot',
  issuer: 'https://id.test',
  subject: 'rightsizer',
};

type DataOf<M> = M extends { readonly type: infer T; readonly value: infer V }
  ? { readonly type: T; readonly data: Omit<V, 'envelope'> }
  : never;

/** A command without its envelope. */
export type CommandBody = DataOf<CommandMessage>;

/** A command of one type without its envelope. */
export type CommandData<T extends CommandMessage['type']> = Extract<
  CommandBody,
  { type: T }
>['data'];

export type Sender = Partial<Omit<CommandEnvelope, 'commandId' | 'stream' | 'submittedAt'>>;

/** An event that may leave out the hash of its content. */
export type UnhashedDraft = EventDraft extends infer D
  ? D extends EventDraft
    ? Omit<D, 'data'> & { readonly data: Unhashed<D['data']> }
    : never
  : never;

type Unhashed<Data> = Data extends { readonly contentHash: infer Hash }
  ? Omit<Data, 'contentHash'> & { readonly contentHash?: Hash }
  : Data;

/** Who runs things: the least of them that may send the command sends it, unless a test says who. */
const isRunning: ReadonlySet<SendingRole> = new Set(['admin', 'operator']);

export function stampCommand(
  stream: string,
  body: CommandBody,
  sender: Sender = {},
  sequence = 1n,
): CommandMessage {
  const envelope: CommandEnvelope = {
    commandId: uuidOf('c', sequence),
    stream,
    actor: ana,
    roles: commandAuthority[body.type].roles.filter((role) => isRunning.has(role)).slice(-1),
    groups: [],
    grants: [],
    waivers: [],
    usage: [],
    attestations: [],
    reason: 'a test',
    expectedVersion: null,
    dryRun: false,
    submittedAt: START,
    ...sender,
  };
  return { type: body.type, value: { ...body.data, envelope } } as CommandMessage;
}

export type Stamp = Pick<EventEnvelope, 'stream' | 'streamVersion'> &
  Partial<Omit<EventEnvelope, 'stream' | 'streamVersion' | 'quotaId' | 'quotaVersion'>>;

/** `previousHash` is 32 zero bytes unless given: the model never reads it. */
export function stampEvent(unhashed: UnhashedDraft, stamp: Stamp): EventMessage {
  const draft = hashedDraft(unhashed);
  const envelope: EventEnvelope = {
    eventId: uuidOf('e', stamp.streamVersion),
    quotaId: draft.quotaId,
    quotaVersion: draft.quotaVersion,
    cause: 'command',
    commandId: uuidOf('c', stamp.streamVersion),
    commandOffset: stamp.streamVersion,
    timer: null,
    actor: ana,
    decidedAt: START,
    reason: 'a test',
    previousHash: new Uint8Array(32),
    waivers: [],
    attestations: [],
    approved: null,
    ...stamp,
  };
  return { type: draft.type, value: { ...draft.data, envelope } } as EventMessage;
}

/** The event with the hash of its content, which the writer would not leave out. */
export function hashedDraft(draft: UnhashedDraft): EventDraft {
  const { type, data } = draft;
  if (type !== 'QuotaCreated' && type !== 'QuotaChanged' && type !== 'QuotaRestored') return draft;
  return { ...draft, data: { contentHash: contentHash(data.content), ...data } } as EventDraft;
}

function uuidOf(kind: 'c' | 'e', sequence: bigint): string {
  const first = kind === 'c' ? 'c0000000' : 'e0000000';
  return `${first}-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`;
}
