import { limitFromJson } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { limitText } from '../output/limitText.ts';
import type { Json } from '../plan/json.ts';
import { limitsInKind } from './limitKinds.ts';
import type { TryDry } from './limitKinds.ts';
import { endOf, typedLimit } from './limitOption.ts';

const kinds: Readonly<Record<string, string>> = {
  tokens: 'rate',
  requests: 'concurrency',
  cache: 'capacity',
  images: 'consumable',
};

/** As the writer judges: a limit of another kind than the application's, and nothing else. */
const writer: TryDry = (commands) =>
  Promise.resolve(
    commands.map(({ data }) => {
      const [{ resource, ...limit }] = data['limits'] as [{ resource: string }];
      const code = kinds[resource] === Object.keys(limit)[0] ? 'ACCEPTED' : 'KIND_MISMATCH';
      const none = { commandId: '', detail: null, violations: [], outcome: null };
      return { ...none, status: code === 'ACCEPTED' ? 'accepted' : 'refused', code };
    }),
  );

async function limitOf(text: string, tryDry = writer): Promise<Json> {
  const command = (limit: Json) =>
    ({ type: 'OverrideQuota', stream: 'application:a', data: { limits: [limit] } }) as const;
  const [limit = {}] = await limitsInKind([typedLimit(text)], command, tryDry);
  return limit;
}

describe('a limit as people type it', () => {
  it.each([
    ['tokens=90000', { resource: 'tokens', rate: { amount: 90_000, per: '1s' } }, '90,000/s'],
    ['tokens=90000/s', { resource: 'tokens', rate: { amount: 90_000, per: '1s' } }, '90,000/s'],
    [
      'tokens=90/5m,burst=120',
      { resource: 'tokens', rate: { amount: 90, per: '5m', burst: 120 } },
      '90/5m, burst 120',
    ],
    ['tokens=blocked', { resource: 'tokens', rate: { amount: 'blocked' } }, 'blocked'],
    ['requests=400', { resource: 'requests', concurrency: { max: 400 } }, '400 at once'],
    [
      'cache=9007199254740993',
      { resource: 'cache', capacity: { max: '9007199254740993' } },
      '9,007,199,254,740,993',
    ],
    [
      'requests=unlimited',
      { resource: 'requests', concurrency: { max: 'unlimited' } },
      'unlimited',
    ],
  ])('%s is of the kind that the application declares', async (text, limit, shown) => {
    expect(await limitOf(text)).toEqual(limit);
    const faults: string[] = [];
    limitFromJson({ ...limit }, '', (path, message) => {
      faults.push(`${path} ${message}`);
      return null;
    });
    expect(faults).toEqual([]);
    expect(limitText(limit)).toBe(shown);
  });

  it.each(['tokens', 'tokens=', 'tokens=0', 'tokens=-1', 'tokens=1.5', 'images=5'])(
    '%s is refused as a command line that makes no sense',
    async (text) => {
      await expect((async () => limitOf(text))()).rejects.toMatchObject({ exitCode: 2 });
    },
  );

  it('with a time or a burst can be a rate alone, so that nobody is asked', async () => {
    const nobody = () => Promise.reject(new Error('asked'));
    expect(await limitOf('requests=4/s', nobody)).toHaveProperty('rate');
    expect(await limitOf('tokens=4,burst=9', nobody)).toHaveProperty('rate.burst', 9);
  });

  it('is sent as it stands where the writer refuses it for another reason', async () => {
    const answer = { status: 'refused', code: 'NOT_ALLOWED', commandId: '' } as const;
    const denied: TryDry = (commands) =>
      Promise.resolve(
        commands.map(() => ({ ...answer, detail: null, violations: [], outcome: null })),
      );
    expect(await limitOf('requests=400', denied)).toMatchObject({ resource: 'requests' });
  });
});

describe('an end', () => {
  it('is a length from now, or a time', () => {
    const hourMs = Date.parse(endOf({ for: '2h' })) - Date.now();
    expect(hourMs / 3_600_000).toBeCloseTo(2, 2);
    expect(endOf({ until: '2026-01-02T18:00:00Z' })).toBe('2026-01-02T18:00:00Z');
  });

  it.each(['2', '1y', 'h', '1w'])('%s is no length, and the forms are named', (length) => {
    expect(() => endOf({ for: length })).toThrow(
      `--for ${length} is no length: write 90m, 2h or 3d`,
    );
  });

  it.each([{}, { for: '2h', until: '2026-01-02T18:00:00Z' }, { until: 'tomorrow' }])(
    '%j is none',
    (options) => {
      expect(() => endOf(options)).toThrow('say when it ends');
    },
  );
});
