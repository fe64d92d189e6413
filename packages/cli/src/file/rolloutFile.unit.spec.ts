import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fromJson, fullNameOf } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { reachOf } from '../commands/rollout.ts';
import { readRolloutFile, rolloutOf } from './rolloutFile.ts';

const EXAMPLE = path.join(import.meta.dirname, '../../../../docs/how-to/examples/rollout.yaml');

describe('the file of a rollout', () => {
  it('that the how-to shows is the command that it says', async () => {
    const { application, data } = await readRolloutFile(EXAMPLE);
    expect(application).toBe('llm-gateway');
    const envelope = {
      commandId: '00000000-0000-4000-8000-000000000000',
      stream: `application:${application}`,
      actor: { kind: 'user', issuer: 'i', subject: 's' },
      roles: [],
      reason: '',
      dryRun: false,
      submittedAt: '2026-01-01T00:00:00Z',
    };
    const parsed = fromJson(fullNameOf.StartRollout, { ...data, envelope });
    expect(parsed).not.toHaveProperty('violations');
    expect(parsed).toMatchObject({
      value: {
        steps: [{ change: { quotaId: 'llm-gateway/prod' } }],
        stages: [
          { selector: { percent: 0, zones: [], hosts: ['canary-1'] }, bakeMicros: 900_000_000n },
          {
            selector: { percent: 10, zones: ['eu-west-1a'], hosts: [] },
            bakeMicros: 3_600_000_000n,
          },
        ],
        gate: { measure: 'above_others', hostsMin: 1, decisionsMin: 1_000n },
      },
    });
  });

  it('stands in the how-to as it is', async () => {
    const page = path.join(path.dirname(EXAMPLE), '../bring-a-change-to-hosts-in-stages.md');
    const [text, example] = [await readFile(page, 'utf8'), await readFile(EXAMPLE, 'utf8')];
    expect(text).toContain(`\`\`\`yaml\n${example}\`\`\``);
  });

  it('without a gate has none, and one that says little has the rest', () => {
    const plain = { application: 'a', changes: [], stages: [] };
    expect(rolloutOf('f', plain).data.gate).toBeNull();
    expect(rolloutOf('f', { ...plain, gate: { errorBasisPointsMax: 5 } }).data.gate).toEqual({
      measure: 'absolute',
      errorBasisPointsMax: 5,
      hostsMin: 1,
      decisionsMin: 100,
    });
  });

  it.each([
    [[], 'must say application'],
    [{ application: 'a', changes: [], stages: [], extra: 1 }, 'no extra'],
    [{ changes: [], stages: [] }, 'application must name'],
    [{ application: 'a', stages: [] }, 'changes must be a list'],
    [{ application: 'a', changes: [], stages: [{ bake: '1 day' }] }, 'bakes for a time'],
    [{ application: 'a', changes: [], stages: [{ bake: '1d', share: 3 }] }, 'no share'],
    [{ application: 'a', changes: [], stages: [], gate: 5 }, 'gate must say'],
  ])('says what is wrong with %j', (value, why) => {
    expect(() => rolloutOf('f.yaml', value)).toThrow(why);
  });
});

describe('the reach of a rollout that is tried dry', () => {
  it('names the quotas of each stage, and how many hosts take it there', async () => {
    const { data } = await readRolloutFile(EXAMPLE);
    const hosts = [
      { hostId: 'canary-1', zone: null },
      { hostId: 'in-the-zone', zone: 'eu-west-1a' },
      ...Array.from({ length: 1_000 }, (_, index) => ({ hostId: `h${index}`, zone: 'us' })),
    ];
    const [first, second] = reachOf(data, 'llm-gateway-r7', hosts);
    expect(first).toEqual({ stage: 0, hosts: 1, quotas: ['llm-gateway/prod'] });
    expect(second?.hosts).toBeGreaterThan(80);
    expect(second?.hosts).toBeLessThan(130);
  });
});
