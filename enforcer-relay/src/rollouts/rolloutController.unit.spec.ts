import type { RolloutState } from '@prorata/quota-model';
import { describe, expect, it } from 'vitest';
import { HealthBook } from './healthBook.ts';
import { RolloutController } from './rolloutController.ts';
import type { RolloutControllerParts } from './rolloutController.ts';

const SECOND = 1_000_000n;

/** A rollout at its only stage, baked and without a gate, and a gateway that answers as it is told. */
function setUp(
  answers: Awaited<ReturnType<RolloutControllerParts['post']>>[],
  steps: readonly object[] = [{ resize: null }],
) {
  const selector = { percent: 100, zones: [], hosts: [] };
  const rollout = {
    ...{ rolloutId: 'moka-r1', stage: 0, stages: [{ selector, bakeMicros: 0n }] },
    ...{ bakesFrom: 0n, gate: null, isPaused: false, steps },
  } as unknown as RolloutState;
  const posted: string[] = [];
  let now = SECOND;
  const controller = new RolloutController({
    rollouts: () => [{ application: 'moka', rollout }],
    book: new HealthBook(),
    post: ({ type }) => {
      posted.push(type);
      const accepted = { status: 'accepted', code: 'ACCEPTED', detail: null } as const;
      return Promise.resolve(answers.shift() ?? accepted);
    },
    now: () => now,
    told: () => undefined,
  });
  const looks = async (): Promise<void> => {
    await controller.look();
    now += 11n * SECOND;
  };
  return { posted, looks };
}

const denied = { status: 'refused', code: 'VALIDATOR_DENIED', detail: null } as const;

describe('what moves rollouts on', () => {
  it.each(['VALIDATOR_UNAVAILABLE', 'VALIDATION_OUTDATED', 'FACT_STALE'])(
    'promotes again where %s refused it, which says nothing of the change',
    async (code) => {
      const { posted, looks } = setUp([{ status: 'refused', code, detail: null }]);
      await looks();
      await looks();
      expect(posted).toEqual(['PromoteRollout', 'PromoteRollout']);
    },
  );

  it('pauses what is refused for what it is', async () => {
    const { posted, looks } = setUp([denied]);
    await looks();
    expect(posted).toEqual(['PromoteRollout', 'PauseRollout']);
  });

  it("takes back a robot's resize that is refused for what it is: nobody waits for it", async () => {
    const { posted, looks } = setUp([denied], [{ resize: { quotaId: 'moka/a' } }]);
    await looks();
    expect(posted).toEqual(['PromoteRollout', 'RollBackRollout']);
  });
});
