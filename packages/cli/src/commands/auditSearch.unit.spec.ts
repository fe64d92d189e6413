import { describe, expect, it } from 'vitest';
import { firstOf, searchQuery } from './auditSearch.ts';

const asked = { output: 'table', limit: '50' } as const;

describe('a search in the audit log', () => {
  it('asks by all that was said, and for the latest first', () => {
    const options = {
      ...asked,
      ...{ actor: 'user:alice', type: ['QuotaCreated', 'QuotaDeleted'], code: ['ALL_ZERO'] },
      ...{ command: 'c-1', quota: 'moka/a', within: 'moka', project: 'acme/p', refused: true },
      ...{ from: '2026-03-01', until: '2026-03-02T10:00:00Z', stream: 'application:moka' },
    };
    expect(searchQuery(['INC-7', 'cluster'], options)).toEqual({
      ...{ words: 'INC-7 cluster', actor: 'user:alice', type: 'QuotaCreated,QuotaDeleted' },
      ...{ code: 'ALL_ZERO', commandId: 'c-1', quotaId: 'moka/a', within: 'moka' },
      ...{ project: 'acme/p', stream: 'application:moka', kind: 'refusal', order: 'desc' },
      ...{ from: '2026-03-01T00:00:00Z', until: '2026-03-02T10:00:00Z' },
    });
    const said = Object.entries(searchQuery([], asked)).filter(([, value]) => value !== undefined);
    expect(said).toEqual([['order', 'desc']]);
  });

  it('goes on page by page to its limit, and says whether there is more', async () => {
    const limits: string[] = [];
    const client = {
      get: <T>(
        _path: string,
        { limit = '', after = '0' }: Record<string, string | undefined> = {},
      ) => {
        limits.push(limit);
        const [from, count] = [Number(after), Number(limit)];
        const entries = Array.from({ length: Math.min(count, 2_500 - from) }, (_, at) => ({
          offset: from + at,
        }));
        const end = from + entries.length;
        return Promise.resolve({ entries, next: end < 2_500 ? `${end}` : null } as T);
      },
    };
    const some = await firstOf(client, {}, 1_200);
    expect(limits).toEqual(['1000', '200']);
    expect([some.entries.length, some.isMore]).toEqual([1_200, true]);
    expect(some.entries.at(-1)).toEqual({ offset: 1_199 });
    const all = await firstOf(client, {}, 10_000);
    expect([all.entries.length, all.isMore]).toEqual([2_500, false]);
  });
});
