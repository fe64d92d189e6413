import { Writable } from 'node:stream';
import type { Principal } from '@prorata/service-runtime';
import type { Response } from 'express';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { EventTail } from './eventTail.ts';
import { cursorOf, cursorText } from './feedCursor.ts';
import { Feeds } from './feeds.ts';
import type { FeedFilter } from './feedFilter.ts';

const everything: FeedFilter = {
  reach: 'everywhere',
  application: null,
  within: null,
  owner: null,
  project: null,
  types: null,
};
const principal = (subject: string): Principal => ({
  actor: { kind: 'user', issuer: 'test', subject },
  roles: [],
  grants: [],
  groups: [],
  application: null,
  endsAtMs: Date.now() + 600_000,
});

/** The audit log of two partitions, whose offsets have holes as those of transactions. */
class Tables {
  readonly rows: { partition: number; log_offset: string; quota_id: string }[] = [];
  readonly ends = [0n, 0n];
  readings = 0;

  append(partition: number, quotaId: string): void {
    const offset = this.ends[partition] ?? 0n;
    this.rows.push({ partition, log_offset: `${offset}`, quota_id: quotaId });
    this.ends[partition] = offset + 2n;
  }

  query = (sql: string, values: readonly unknown[]): Promise<{ rows: unknown[] }> => {
    if (sql.includes('projection_checkpoint')) {
      const rows = this.ends.map((next, partition) => ({
        topic: 'quota.events',
        partition,
        next_offset: `${next}`,
      }));
      return Promise.resolve({ rows });
    }
    this.readings += 1;
    const [partition, from, to, limit] = values as [number, bigint, bigint, number];
    const rows = this.rows.filter(
      (row) =>
        row.partition === partition &&
        BigInt(row.log_offset) >= from &&
        BigInt(row.log_offset) < to,
    );
    return Promise.resolve({ rows: rows.slice(0, limit).map(rowOf) });
  };
}

const rowOf = (row: { partition: number; log_offset: string; quota_id: string }) => ({
  ...row,
  stream: `application:${row.quota_id.split('/')[0] ?? ''}`,
  stream_version: '7',
  type: 'QuotaChanged',
  quota_version: '2',
  command_id: null,
  timer: null,
  actor_kind: 'user',
  actor_issuer: 'test',
  actor_subject: 'ana',
  reason: 'a test',
  decided_at: '2026-03-02T10:00:00.000Z',
  moved_to: null,
  project: null,
});

/** A client's end of a connection. */
class Client extends Writable {
  headersSent = false;
  text = '';
  readonly #reads: boolean;

  constructor(reads = true) {
    super({ highWaterMark: 1_024 });
    this.#reads = reads;
  }

  writeHead(): void {
    this.headersSent = true;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.#reads) done();
  }

  /** Of every event that is whole. */
  get messages(): { id: string; event: string; data: string }[] {
    const whole = this.text.split('\n\n').slice(0, -1);
    return whole.map((text) => {
      const [id = '', event = '', data = ''] = text.split('\n');
      return { id: id.slice(4), event: event.slice(7), data: data.slice(6) };
    });
  }

  get told(): string[] {
    const changes = this.messages.filter(({ event }) => event === 'change');
    return changes.map(({ data }) => (JSON.parse(data) as { quotaId: string }).quotaId);
  }

  get lastId(): string {
    return this.messages.at(-1)?.id ?? '';
  }
}

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

function stand(tables: Tables, drainMs?: number) {
  const live = () => ({ pool: tables as never, schemas: ['audit_1', 'quotas_1'] });
  const logger = { warn: () => undefined };
  const tail = new EventTail({ live, logger, partitions: 2 });
  const options = drainMs === undefined ? {} : { drainMs };
  const feeds = new Feeds(tail, { logger, partitions: 2, ...options });
  const open = (lastId: string | null, filter = everything, client = new Client()) => {
    clients.push(client);
    const from = lastId === null ? null : cursorOf(lastId, [0, 1]);
    const asked = { principal: principal('ana'), filter, partitions: [0, 1], from };
    return { client, done: feeds.open(asked, client as unknown as Response) };
  };
  return { feeds, open };
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 400; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(holds()).toBe(true);
}

describe('a feed', () => {
  it('tells each event once and none too few, however often its client comes and goes', async () => {
    const rounds = fc.array(fc.array(fc.nat(1), { maxLength: 6 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(rounds, fc.boolean(), async (history, isHeld) => {
        const tables = new Tables();
        tables.append(0, 'moka/before');
        const { open } = stand(tables);
        // Somebody else who listens keeps the tail in memory, so that both ways of reading are taken.
        const other = isHeld ? open(null).client : null;
        const told: string[] = [];
        const expected: string[] = [];
        const first = open(null).client;
        await until(() => first.messages.length > 0);
        let { lastId } = first;
        first.destroy();
        for (const [round, partitions] of history.entries()) {
          for (const [index, partition] of partitions.entries()) {
            const quotaId = `moka/r${round}-${index}`;
            tables.append(partition, quotaId);
            expected.push(quotaId);
          }
          const { client } = open(lastId);
          // It leaves in the middle of some rounds.
          const wanted = round % 2 === 0 ? expected.length - told.length : 0;
          await until(() => client.told.length >= wanted && client.messages.length > 0);
          told.push(...client.told);
          ({ lastId } = client);
          client.destroy();
        }
        const last = open(lastId).client;
        await until(() => told.length + last.told.length >= expected.length);
        expect([...told, ...last.told].sort()).toEqual(expected.sort());
        other?.destroy();
        last.destroy();
      }),
      { numRuns: 12 },
    );
  });

  it('reads the tables once for all who listen', async () => {
    const tables = new Tables();
    const { open } = stand(tables);
    const listening = Array.from({ length: 10 }, () => open(null).client);
    await until(() => listening.every(({ messages }) => messages.length > 0));
    tables.append(1, 'moka/a');
    await until(() => listening.every(({ told }) => told.length === 1));
    expect(tables.readings).toBe(1);
  });

  it('cuts a client that does not read, and lets the others go on', async () => {
    const tables = new Tables();
    const { feeds, open } = stand(tables, 50);
    const slow = open('0.0_1.0', everything, new Client(false));
    const { client } = open(null);
    await until(() => client.messages.length > 0);
    for (let index = 0; index < 1_000; index += 1)
      tables.append(0, `moka/${'a'.repeat(60)}${index % 10}`);
    await slow.done;
    expect([slow.client.destroyed, feeds.cut]).toEqual([true, 1]);
    await until(() => client.told.length === 1_000);
  });

  it('serves one principal so many at a time and no more', async () => {
    const { open, feeds } = stand(new Tables());
    const opened = Array.from({ length: 20 }, () => open(null));
    await expect(open(null).done).rejects.toMatchObject({ code: 'TOO_MANY_STREAMS', status: 503 });
    opened[0]?.client.destroy();
    await opened[0]?.done;
    expect(feeds.size).toBe(19);
    await until(() => opened.slice(1).every(({ client }) => client.messages.length > 0));
  });

  it('ends with the token that opened it', async () => {
    const tables = new Tables();
    const { feeds } = stand(tables);
    const client = new Client();
    clients.push(client);
    const endsAtMs = Date.now() + 30;
    const asked = { filter: everything, partitions: [0, 1], from: null };
    const who = { ...principal('ana'), endsAtMs };
    await feeds.open({ ...asked, principal: who }, client as unknown as Response);
    expect([client.writableEnded, feeds.size]).toEqual([true, 0]);
  });
});

describe("a feed's ids", () => {
  it('name every partition of it, and nothing else is one', () => {
    const cursor = new Map([
      [1, 7n],
      [0, 13n],
    ]);
    expect(cursorText(cursor)).toBe('0.13_1.7');
    expect(cursorOf('0.13_1.7', [0, 1])).toEqual(cursor);
    for (const wrong of ['', '0.13', '0.13_1.7_2.0', '0.13_0.7', '0.13_1.-1', '0.13_1.x', '5']) {
      expect([wrong, cursorOf(wrong, [0, 1])]).toEqual([wrong, null]);
    }
  });
});
