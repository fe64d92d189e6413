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
      rightsizer: { stepMs: 1_000, evidenceMs: 20_000 },
    });
    expect(policy.throttle).toEqual({ ...productionPolicy.throttle, evaluationMs: 500 });
    expect(policy.rightsizer.marginBasisPoints).toBe(11_500);
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
        rightsizer: { marginBasisPoints: 9_000, evidencMs: 5, demandOf: 'me' },
        sink: 7,
      }),
    ).toEqual([
      'name must be a short name',
      'version must be a whole number from 1 to 1000000',
      'sink must be an object',
      'rightsizer.evidencMs is not a setting',
      'rightsizer.demandOf must be one of host, fleet',
      'rightsizer.marginBasisPoints must be a whole number from 10000 to 100000',
    ]);
  });

  it('wants a name and a version, for evidence refers to them', () => {
    expect(problemsOf({ sink: {} })).toEqual([
      'name and version must be said: evidence refers to them',
    ]);
  });

  it('refuses what would never act', () => {
    expect(problemsOf({ name: 'a', version: 1, rightsizer: { lowerMaxBasisPoints: 500 } })).toEqual(
      ['rightsizer.lowerMaxBasisPoints below the deadband would never lower'],
    );
  });
});
