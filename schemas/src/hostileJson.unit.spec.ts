import { describe, expect, it } from 'vitest';
import { fromJson } from './json.ts';
import { JSON_DEPTH_MAX } from './jsonValues.ts';

const content = {
  owner: 'ads',
  project: null,
  tier: 2,
  cutPriority: 0,
  labels: {},
  attributes: {},
  limits: [{ resource: 'slots', concurrency: { max: 1 } }],
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: null,
  onStale: null,
  requests: null,
  rightsizing: [],
};

function pathsOf(changes: object): string[] {
  const parsed = fromJson('io.prorata.type.QuotaContent', { ...content, ...changes });
  return 'violations' in parsed ? parsed.violations.map(({ path }) => path) : [];
}

describe('a number that is none for a limit', () => {
  const faultOf = (limit: object): string[] => {
    const limits = [{ resource: 'x', ...limit }];
    const parsed = fromJson('io.prorata.type.QuotaContent', { ...content, limits });
    if (!('violations' in parsed)) return [];
    return parsed.violations.map(({ path, message }) => `${path} ${message}`);
  };
  const max = '/limits/0/concurrency/max';
  it.each([
    [-1, `${max} is negative: use whole numbers from 1, or "unlimited", or "blocked"`],
    [1.5, `${max} must be a whole number, without a fraction, or "unlimited", or "blocked"`],
    [
      1e30,
      `${max} is out of range: it is a whole number of at most 9223372036854775807, or "unlimited", or "blocked"`,
    ],
    ['9223372036854775808', expect.stringContaining(`${max} is out of range`) as string],
    [2 ** 53, `${max} is above 2^53-1: write it as text, or "unlimited", or "blocked"`],
  ])('%s is refused for what it is', (given, fault) => {
    expect(faultOf({ concurrency: { max: given } })).toEqual([fault]);
  });

  it('as the time of a rate is refused where it stands', () => {
    const faults = faultOf({ rate: { amount: 1, per: '999999999d' } });
    expect(faults).toEqual(['/limits/0/rate/per is longer than 366d']);
    expect(faultOf({ rate: { amount: 1, per: '366d' } })).toEqual([]);
  });
});

function nested(levels: number): unknown {
  let json: unknown = {};
  for (let level = 1; level < levels; level++) json = { a: json };
  return json;
}

describe('JSON that no record can carry', () => {
  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'is refused where %s stands for a kind of limit',
    (kind) => {
      const limit = JSON.parse(`{"resource": "t", "${kind}": {"a": 1}}`) as object;
      expect(pathsOf({ limits: [limit] })).toEqual(['/limits/0']);
    },
  );

  it('is refused by its depth, however deep it is', () => {
    expect(pathsOf({ attributes: nested(JSON_DEPTH_MAX) })).toEqual([]);
    for (const levels of [JSON_DEPTH_MAX + 1, 5_000, 200_000]) {
      expect(pathsOf({ attributes: nested(levels) })).toEqual(['/attributes']);
    }
  });

  it('is refused for half a surrogate pair, wherever it stands', () => {
    expect(pathsOf({ owner: 'x\ud83d\ude00' })).toEqual([]);
    expect(pathsOf({ owner: 'x\ud83d' })).toEqual(['/owner']);
    expect(pathsOf({ labels: { team: '\ude00' } })).toEqual(['/labels/team']);
    expect(pathsOf({ labels: { '\ude00': 'ads' } })).toEqual(['/labels']);
    expect(pathsOf({ attributes: { a: ['\ude00'] } })).toEqual(['/attributes']);
    expect(pathsOf({ attributes: { '\ude00': 1 } })).toEqual(['/attributes']);
    const limits = [{ resource: '\ud83d', concurrency: { max: 1 } }];
    expect(pathsOf({ limits })).toEqual(['/limits/0/resource']);
  });

  it('is refused for a number that would be written as null', () => {
    expect(pathsOf({ attributes: JSON.parse('{"a": [1e308]}') as object })).toEqual([]);
    expect(pathsOf({ attributes: JSON.parse('{"a": [1e400]}') as object })).toEqual([
      '/attributes',
    ]);
    expect(pathsOf({ attributes: JSON.parse('{"a": -1e400}') as object })).toEqual(['/attributes']);
  });

  it('is refused for a key that an object would lose', () => {
    const labels = JSON.parse('{"__proto__": "x", "team": "ads"}') as object;
    expect(pathsOf({ labels })).toEqual(['/labels/__proto__']);
  });
});
