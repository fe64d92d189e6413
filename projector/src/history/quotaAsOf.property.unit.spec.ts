import { ancestorsOf } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';
import fc from 'fast-check';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { drawnSteps } from '../../../packages/quota-model/src/testing/drawnSteps.ts';
import {
  payerLevels,
  startHistory,
  take,
} from '../../../packages/quota-model/src/testing/histories.ts';
import { TableImage } from '../../test/tableImage.ts';
import type { Row } from '../database/tables.ts';
import { storable } from '../database/storable.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import { quotaAsOf } from './quotaAsOf.ts';
import type { SpanRow } from './quotaAsOf.ts';

/** Each is replayed at every version. */
const HISTORIES = 25;

const payers = fc.constantFrom(...payerLevels);
/** Events of a batch. */
const sizes = fc.integer({ min: 1, max: 9 });

async function project(
  events: readonly EventMessage[],
  size: number,
  afterEach: (events: number, image: TableImage) => void = () => undefined,
): Promise<TableImage> {
  const projection = new EventsProjection(0);
  const image = new TableImage();
  for (let at = 0; at < events.length; at += size) {
    const batch = events.slice(at, at + size).map((message, index) => ({
      offset: BigInt(at + index),
      message,
      hash: '',
      loggedAtMs: 0,
    }));
    await projection.project(batch).changes(image as unknown as ClientBase);
    afterEach(at + batch.length, image);
  }
  return image;
}

/** What the rows of the table say, without their places in the log and what questions of now look for. */
function liveRows(image: TableImage): Readonly<Record<string, Row>> {
  const rows = image.tables['quotas'] ?? [];
  return Object.fromEntries(
    rows.map((row) => {
      const told = Object.entries(row).filter(([column]) => !ofNowAlone.includes(column));
      return [String(row['quota_id']), Object.fromEntries(told)];
    }),
  );
}

const ofNowAlone: readonly string[] = [
  'partition',
  'event_offset',
  'name',
  'resources',
  'override_until',
  'is_cut',
];

/** Every quota as of a version, from the spans alone. */
function rowsAsOf(spans: readonly Row[], version: bigint): Readonly<Record<string, unknown>> {
  const held = spans.filter(
    ({ since, until }) =>
      BigInt(since as string) <= version && (until === null || BigInt(until as string) > version),
  ) as unknown as SpanRow[];
  const byId = new Map(held.map((span) => [span.quota_id, span]));
  return Object.fromEntries(
    held.map((span) => {
      const above = ancestorsOf(span.quota_id).flatMap((id) => byId.get(id) ?? []);
      return [span.quota_id, storable(quotaAsOf([span, ...above]))];
    }),
  );
}

describe('a quota as of a moment, over random histories', () => {
  it('is at every version what a replay of the log up to there made of its row', async () => {
    await fc.assert(
      fc.asyncProperty(drawnSteps(30), payers, sizes, async (history, level, size) => {
        const stream = startHistory(level);
        for (const step of history) take(stream, step);
        const { events } = stream;
        const replays: Readonly<Record<string, Row>>[] = [];
        await project(events, 1, (_events, image) => replays.push(liveRows(image)));
        const spans = (await project(events, size)).tables['quota_history'] ?? [];
        for (const [index, replay] of replays.entries()) {
          expect(rowsAsOf(spans, BigInt(index + 1)), `at version ${index + 1}`).toEqual(replay);
        }
      }),
      { numRuns: HISTORIES },
    );
  });
});
