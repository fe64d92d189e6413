import type { EventDraft } from '@prorata/quota-model';
import { hashOf } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { EventStamper } from '../../test/eventStamper.ts';
import { quotaStory } from '../../test/quotaStory.ts';
import {
  resizeStarted,
  rolloutAdvanced,
  rolloutEnded,
  rolloutPaused,
  rolloutStarted,
} from '../../test/rolloutStory.ts';
import { TableImage } from '../../test/tableImage.ts';
import { EventsProjection } from './eventsProjection.ts';

const ID = 'llm-r15';

/** The row of the rollout after these events, in batches of two. */
async function rowAfter(...drafts: readonly EventDraft[]): Promise<unknown> {
  const stamper = new EventStamper(1);
  const events = [...quotaStory, ...drafts.map((each) => [each])].flatMap(
    (each) => stamper.stamp('application:llm', each).events,
  );
  const records = events.map((message, index) => ({
    offset: BigInt(index),
    message,
    hash: hashOf(message).toString('hex'),
    loggedAtMs: 0,
  }));
  const projection = new EventsProjection(0);
  const image = new TableImage();
  for (let at = 0; at < records.length; at += 2) {
    const { changes, broken } = projection.project(records.slice(at, at + 2));
    expect(broken).toBeNull();
    await changes(image as unknown as ClientBase);
  }
  return image.tables['rollouts']?.find((row) => row['rollout_id'] === ID);
}

describe('the row of a rollout', () => {
  it('says whom it reaches, when its stage has baked, and who started it', async () => {
    expect(await rowAfter(rolloutStarted(ID))).toMatchObject({
      application: 'llm',
      quota_id: 'llm/acme/chat',
      quotas: ['llm/acme/chat'],
      status: 'on',
      stage: 0,
      stages: [{ selector: { hosts: ['h1'] } }, { selector: { percent: 25, zones: ['eu'] } }],
      entered: [{ stage: 0, cause: 'person', evidence: null }],
      started_by: { subject: 'alice' },
      ending: null,
    });
  });

  it("holds the limit and the evidence of a robot's resize", async () => {
    expect(await rowAfter(resizeStarted(ID), rolloutEnded('RolloutRolledBack', ID))).toMatchObject({
      status: 'rolled_back',
      quotas: ['llm/acme/chat'],
      steps: [
        {
          change: null,
          resize: {
            quotaId: 'llm/acme/chat',
            limit: { resource: 'tokens', rate: { amount: 60_000 } },
            evidence: { policy: 'demo@1', figures: { p99: '42' } },
          },
        },
      ],
    });
  });

  it('keeps every stage with what led to it, and that it is paused', async () => {
    const row = await rowAfter(rolloutStarted(ID), rolloutAdvanced(ID), rolloutPaused(ID));
    expect(row).toMatchObject({
      status: 'paused',
      stage: 1,
      entered: [{ stage: 0 }, { stage: 1, cause: 'gate', evidence: { stage: { hosts: 2 } } }],
    });
  });

  it('says how it ended, and on what evidence', async () => {
    for (const [type, status] of [
      ['RolloutPromoted', 'promoted'],
      ['RolloutRolledBack', 'rolled_back'],
    ] as const) {
      const row = await rowAfter(rolloutStarted(ID), rolloutEnded(type, ID));
      expect(row).toMatchObject({
        status,
        stage: 0,
        ending: { cause: 'gate', evidence: { broken: [] } },
      });
    }
  });
});
