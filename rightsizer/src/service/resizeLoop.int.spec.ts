import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../test/deployment.ts';
import { policy, Scene } from '../../test/scene.ts';

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(() => scene.deployment.close());

const nothingChanged = {
  owner: null,
  tier: null,
  cutPriority: null,
  labels: null,
  attributes: null,
  setLimits: [],
  unsetLimits: [],
  match: null,
  action: null,
  degradeTag: null,
  mode: null,
  onStale: null,
  requests: null,
};

describe('the rightsizer', () => {
  it('raises what refuses, once, with evidence that can be looked up again', async () => {
    await scene.prepareAndRefuse();
    const service = await scene.deployment.start(policy, ['sink', 'rightsizer']);
    const command = await eventually(() => scene.deployment.gateway.of('ResizeQuota')[0]);
    expect(command).toMatchObject({ stream: 'application:llm', expectedVersion: '1' });
    const limit = (command.data['limit'] as { rate: { amount: number } }).rate;
    expect(limit.amount).toBeGreaterThan(1_100);
    expect(limit.amount).toBeLessThanOrEqual(2_000);
    const evidence = command.data['evidence'] as Record<string, unknown>;
    expect(evidence).toMatchObject({
      policy: 'test@1',
      figures: { current: '1000', reasons: expect.stringContaining('REFUSED') as string },
    });
    expect(evidence['source']).toMatch(/^usage table version \d+$/);
    await eventually(() => scene.quota.rightsized.get('tokens'));
    expect(scene.inForce).toBe(BigInt(limit.amount));
    await delay(1_500);
    const types = scene.deployment.gateway.commands.map(({ type }) => type);
    expect(types).toEqual(['RecordRehearsal', 'ResizeQuota']);
    const status = (await (
      await scene.deployment.get(service, '/v1/rightsizer/status')
    ).json()) as Record<string, Record<string, unknown>>;
    expect(status['rightsizer']).toMatchObject({ fault: null, putOff: null });
    expect(status['table']).toMatchObject({ records: 2, rows: 2, quarantined: 0 });
  });

  it('lowers on the evidence of a whole period, step by step', async () => {
    await scene.prepare();
    await scene.useLately(14, 300n);
    await scene.deployment.start(policy, ['sink', 'rightsizer']);
    const keepUsing = setInterval(() => void scene.useLately(1, 300n), 1_000);
    try {
      await eventually(() => scene.deployment.gateway.of('ResizeQuota').length >= 2, 30_000);
    } finally {
      clearInterval(keepUsing);
    }
    const amounts = scene.deployment.gateway
      .of('ResizeQuota')
      .map(({ data }) => (data['limit'] as { rate: { amount: number } }).rate.amount);
    expect(amounts.slice(0, 2)).toEqual([800, 640]);
  });

  it('asks once where a person decides, and waits', async () => {
    await scene.prepareAndRefuse({ robotChanges: 'propose' });
    await scene.deployment.start(policy, ['sink', 'rightsizer']);
    await eventually(() => scene.application.proposals.size === 1);
    await delay(1_000);
    expect(scene.deployment.gateway.of('ResizeQuota')).toHaveLength(1);
    const [proposal] = scene.application.proposals.values();
    await scene.deployment.writer.must('RejectProposal', 'application:llm', {
      proposalId: proposal!.proposalId,
    });
    await delay(1_000);
    expect(scene.deployment.gateway.of('ResizeQuota')).toHaveLength(1);
  });

  it('posts nothing without bounds, nor under a cut', async () => {
    await scene.prepareAndRefuse({ rightsizing: [] });
    const service = await scene.deployment.start(policy, ['sink', 'rightsizer']);
    const findings = async () => {
      const response = await scene.deployment.get(service, '/v1/rightsizer/status');
      const body = (await response.json()) as { rightsizer: { findings?: { result: string }[] } };
      return body.rightsizer.findings?.map(({ result }) => result);
    };
    await eventually(async () => (await findings())?.includes('NO_BOUNDS'));
    await scene.deployment.writer.must('ChangeQuota', 'application:llm', {
      quotaId: 'llm/chat',
      ...nothingChanged,
      rightsizing: [{ resource: 'tokens', min: 100, max: 5_000 }],
    });
    await scene.cutByHand();
    await eventually(async () => (await findings())?.includes('UNDER_HAIRCUT'));
    expect(scene.deployment.gateway.of('ResizeQuota')).toHaveLength(0);
  });

  it('repeats to the letter what the gateway did not answer', async () => {
    await scene.prepareAndRefuse();
    const short = { ...policy, rightsizer: { ...policy.rightsizer, evaluationMs: 100 } };
    await scene.deployment.start(short, ['sink', 'rightsizer']);
    await eventually(() => scene.deployment.gateway.of('RecordRehearsal').length > 0);
    scene.deployment.gateway.mode = 'silent';
    const resizes = () => scene.deployment.gateway.of('ResizeQuota');
    await eventually(() => resizes().length >= 3);
    scene.deployment.gateway.mode = 'decide';
    await eventually(() => resizes().some(({ answered }) => answered === 200));
    await delay(1_000);
    const bodies = new Set(resizes().map(({ body }) => body));
    const ids = new Set(resizes().map(({ commandId }) => commandId));
    expect([bodies.size, ids.size]).toEqual([1, 1]);
    expect(scene.quota.version).toBe(2n);
  });
});
