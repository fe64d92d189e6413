import { freshNamespace, sharedStack } from '@prorata/test-kit';
import { beforeAll, describe, expect, it } from 'vitest';
import { Codec, hashOf } from './codec.ts';
import { UnreadableRecord } from './recordErrors.ts';
import { subjectsFor } from './manifest.ts';
import { registryIds } from './registry.ts';
import type { EventMessage } from './generated/messages.ts';

interface AvroField {
  name: string;
  type: unknown;
  doc?: string;
  default?: unknown;
}
interface AvroRecord {
  fields: AvroField[];
}

let namespace = '';
let url = '';

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

const entitlement = (): { subject: string; schema: string; compatibility: string } => {
  const found = subjectsFor('quota.events', namespace).find((subject) =>
    subject.subject.endsWith('EntitlementSet'),
  );
  if (found === undefined) throw new Error('EntitlementSet has no subject.');
  return found;
};

async function register(schema: string): Promise<Response> {
  return ask('POST', `/subjects/${entitlement().subject}/versions`, { schema });
}

function changed(change: (record: AvroRecord) => void): string {
  const record = JSON.parse(entitlement().schema) as AvroRecord;
  change(record);
  return JSON.stringify(record);
}

beforeAll(async () => {
  namespace = await freshNamespace();
  url = sharedStack().registryUrl;
  const { subject, schema, compatibility } = entitlement();
  const level = await ask('PUT', `/config/${subject}`, { compatibility });
  // Some registries take a subject's level only once the subject is there.
  expect((await register(schema)).status).toBe(200);
  if (!level.ok) {
    expect((await ask('PUT', `/config/${subject}`, { compatibility })).status).toBe(200);
  }
});

const event: Extract<EventMessage, { type: 'EntitlementSet' }> = {
  type: 'EntitlementSet',
  value: {
    envelope: {
      eventId: '0b4c41a6-6b0b-4b0c-9df8-1d8f2f1a7b11',
      stream: 'application:moka',
      streamVersion: 1n,
      quotaId: null,
      quotaVersion: null,
      cause: 'command',
      commandId: '7f4df1f8-7e0b-4f5e-8f5a-0a1b2c3d4e5f',
      commandOffset: 7n,
      timer: null,
      actor: { kind: 'user', issuer: 'https://issuer.example', subject: 'u1' },
      decidedAt: 1_700_000_000_000_000n,
      reason: 'a test',
      waivers: [],
      attestations: [],
      approved: null,
      previousHash: Buffer.alloc(32),
    },
    project: 'acme/assistant',
    resource: 'tokens',
    bound: 'amount',
    source: null,
    amount: 2n ** 63n - 1n,
  },
};

describe('a real registry', () => {
  it('takes an added optional field and refuses a rename', async () => {
    const widened = changed((record) =>
      record.fields.push({ name: 'note', type: ['null', 'string'], doc: 'A note.', default: null }),
    );
    expect((await register(widened)).status).toBe(200);
    const renamed = changed((record) => {
      record.fields = record.fields.map((field) =>
        field.name === 'project' ? { ...field, name: 'payer' } : field,
      );
    });
    expect((await register(renamed)).status).toBe(409);
  });

  it('gives back the schema that wrote a record, and the same hash', async () => {
    const codec = new Codec(registryIds(url), namespace);
    const bytes = await codec.encode('quota.events', event);
    const reader = new Codec(registryIds(url), namespace);
    const decoded = await reader.decode(bytes);
    expect(decoded).toEqual(event);
    expect(await reader.hash(bytes)).toEqual(hashOf(event));
  });

  it('reads what a newer writer wrote, and hashes it in the newer fields', async () => {
    const codec = new Codec(registryIds(url), namespace);
    const versions = (await (
      await ask('GET', `/subjects/${entitlement().subject}/versions/latest`)
    ).json()) as { id: number; schema: string };
    expect(versions.schema).toContain('"note"');
    const own = await codec.encode('quota.events', event);
    const newer = Buffer.concat([own, Buffer.from([2, 4, 0x68, 0x69])]);
    newer.writeUInt32BE(versions.id, 1);
    expect(await codec.decode(newer)).toEqual(event);
    expect(await codec.hash(newer)).not.toEqual(hashOf(event));
  });

  it('says that a record is unreadable when its schema id is absent or damaged', async () => {
    const codec = new Codec(registryIds(url), namespace);
    const bytes = await codec.encode('quota.events', event);
    for (const id of [0, 9_999_999, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff]) {
      bytes.writeUInt32BE(id, 1);
      await expect(codec.decode(bytes), String(id)).rejects.toThrow(UnreadableRecord);
    }
  });

  it('says when a subject lacks our schema', async () => {
    const codec = new Codec(registryIds(url), `${namespace}-absent`);
    await expect(codec.encode('quota.events', event)).rejects.toThrow();
  });
});
