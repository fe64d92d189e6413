import { describe, expect, it } from 'vitest';
import { policyFrom, PolicyError, productionPolicy, readPolicy } from './policy.ts';

const problemsOf = (json: unknown): readonly string[] => {
  try {
    policyFrom(json);
    return [];
  } catch (error) {
    if (error instanceof PolicyError) return error.problems;
    throw error;
  }
};

describe('policyFrom', () => {
  it('fills what the file leaves out', () => {
    const policy = policyFrom({
      name: 'demo',
      version: 3,
      throttle: { evaluationMs: 500 },
      rightsizer: { stepMs: 1_000, sizing: { batch: { margin: 1.25 } } },
    });
    expect(policy.throttle).toEqual({ ...productionPolicy.throttle, evaluationMs: 500 });
    const { sizing } = productionPolicy.rightsizer;
    expect(policy.rightsizer.sizing).toEqual({
      ...sizing,
      batch: { ...sizing.batch, margin: 1.25 },
    });
  });

  it('is the production policy without a file', async () => {
    expect(await readPolicy(null)).toBe(productionPolicy);
    expect(problemsOf(JSON.parse(JSON.stringify(productionPolicy)))).toEqual([]);
  });

  it('lists every mistake', () => {
    expect(
      problemsOf({
        name: 'no spaces please',
        version: 0,
        rightsizer: {
          raisedMaxBasisPoints: 0,
          evidencMs: 5,
          demandOf: 'me',
          classes: { rate: 'best' },
          sizing: { serving: { dwellSlots: 1.5, lowerDeadband: -1, breadth: 2 } },
        },
        sink: 7,
      }),
    ).toEqual([
      'name must be a short name',
      'version must be a whole number from 1 to 1000000',
      'sink must be an object',
      'rightsizer.evidencMs is not a setting',
      'rightsizer.demandOf must be one of host, fleet',
      'rightsizer.raisedMaxBasisPoints must be a whole number from 1 to 1000000',
      'rightsizer.classes.rate must be one of batch, serving, guaranteed',
      'rightsizer.sizing.serving.breadth is not a setting',
      'rightsizer.sizing.serving.lowerDeadband must be a number from 0 to 1000000',
      'rightsizer.sizing.serving.dwellSlots must be a whole number from 0 to 1000000',
    ]);
  });

  it('wants a name and a version, for evidence refers to them', () => {
    expect(problemsOf({ sink: {} })).toEqual([
      'name and version must be said: evidence refers to them',
    ]);
  });

  it('refuses what would never act, and slots that are no whole steps', () => {
    const sizing = {
      batch: { lowerFactor: 1, newestSlots: 0 },
      serving: { lowerDeadband: 1, seasonWeight: 2 },
      guaranteed: { lookbackDays: 9_000 },
    };
    const rightsizer = { stepMs: 7_000, sizing };
    expect(problemsOf({ name: 'a', version: 1, rightsizer })).toEqual([
      'rightsizer.stepMs must divide slotMs',
      'rightsizer.sizing.batch.newestSlots must be 1 at least',
      'rightsizer.sizing.batch.newestSlots must be recentSlots at least',
      'rightsizer.sizing.batch would never raise, or never lower',
      'rightsizer.sizing.serving.lowerDeadband must be below 1',
      'rightsizer.sizing.serving.seasonWeight must be 1 at most',
      'rightsizer.sizing.guaranteed looks at more than 50000 slots or steps',
      'rightsizer.sizing.guaranteed looks back more than 400 days',
    ]);
  });
});
