import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hashOf } from '@prorata/schemas';
import type { Message } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { EventStamper, testStart } from '../../test/eventStamper.ts';
import type { Stamped } from '../../test/eventStamper.ts';
import { organizationEnds, organizationLives } from '../../test/organizationStory.ts';
import { quotaStory } from '../../test/quotaStory.ts';
import { reportStory } from '../../test/reportStory.ts';
import { rolloutStory } from '../../test/rolloutStory.ts';
import { TableImage } from '../../test/tableImage.ts';
import { migrationTexts } from '../database/createTables.ts';
import { projections } from './projections.ts';
import type { ProjectionDefinition } from './projections.ts';

/** By projection: the version, and the SHA-256 of its tables and of the rows of the recorded stories. */
const RECORDED = path.join(import.meta.dirname, 'recordedForms.json');

function commands(): readonly Stamped[] {
  const stamper = new EventStamper(1);
  const stream = 'application:llm';
  return [
    ...[...quotaStory, ...rolloutStory].map((drafts) => stamper.stamp(stream, drafts)),
    stamper.refuse(stream, 'PARENT_LIMIT_EXCEEDED'),
    stamper.stamp('organization:acme', organizationLives),
    stamper.stamp('organization:other', [...organizationLives, ...organizationEnds]),
  ];
}

function messagesOf(topic: string): readonly Message[] {
  if (topic === 'host.reports') return reportStory;
  if (topic === 'quota.events') return commands().flatMap(({ events }) => events);
  return commands().flatMap(({ outcome }) => outcome ?? []);
}

async function imageOf({ topics }: ProjectionDefinition) {
  const image = new TableImage();
  for (const { topic, newProjection } of topics) {
    const records = messagesOf(topic).map((message, index) => ({
      offset: BigInt(index),
      message,
      hash: hashOf(message).toString('hex'),
      loggedAtMs: Number(testStart / 1_000n) + index,
    }));
    const { changes, broken } = newProjection(topic, 0).project(records);
    expect(broken).toBeNull();
    await changes(image as unknown as ClientBase);
  }
  return image.tables;
}

async function formOf(definition: ProjectionDefinition) {
  const image = await imageOf(definition);
  const migrations = await migrationTexts(definition.name);
  const form = JSON.stringify([migrations, definition.tables, image]);
  const { version } = definition;
  return { version, sha256: createHash('sha256').update(form).digest('hex') };
}

describe('the form of a projection', () => {
  it('is the recorded one of its version: who changes tables or rows raises it, and records the new form', async () => {
    const forms = await Promise.all(
      projections.map(async (each) => [each.name, await formOf(each)] as const),
    );
    // Where only `sha256` differs: raise `version` in projections.ts, then write here what was received.
    expect(Object.fromEntries(forms)).toEqual(JSON.parse(readFileSync(RECORDED, 'utf8')));
  });

  it('is of rows in every table that stories can fill', async () => {
    const [quotas] = projections;
    const filled = Object.keys(await imageOf(quotas!)).sort();
    expect(filled).toEqual(expect.arrayContaining(['quotas', 'quota_versions', 'budget_cuts']));
    expect(filled.length).toBeGreaterThanOrEqual(10);
  });
});
