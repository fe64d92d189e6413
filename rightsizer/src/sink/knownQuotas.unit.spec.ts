import type { EventMessage } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { KnownQuotas } from './knownQuotas.ts';

type Told = readonly [type: EventMessage['type'], quotaId: string, data?: object];

/** Each a microsecond after the one before, the first at 1. */
function known(...events: readonly Told[]): KnownQuotas {
  const quotas = new KnownQuotas();
  for (const [index, [type, quotaId, data]] of events.entries()) {
    const envelope = { quotaId, decidedAt: BigInt(index + 1) };
    quotas.fold({ type, value: { envelope, ...data } } as unknown as EventMessage);
  }
  return quotas;
}

const created = (quotaId: string, project: string | null = null): Told => [
  'QuotaCreated',
  quotaId,
  { content: { project } },
];

describe('the quotas that there ever were', () => {
  it('are known from when they were made, and for ever', () => {
    const quotas = known(created('llm/a'), created('llm/b'), ['QuotaDeleted', 'llm/b']);
    expect([quotas.has('llm/b', 1n), quotas.has('llm/b', 2n), quotas.has('llm/b', 99n)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(quotas.has('llm/c', 99n)).toBe(false);
    expect(quotas.has('llm', 99n)).toBe(false);
  });

  it('are known under each path that they had, with all below', () => {
    const moved: Told = ['QuotaMoved', 'llm/a', { toQuotaId: 'llm/z' }];
    const quotas = known(
      created('llm/a'),
      created('llm/a/x'),
      created('llm/a/gone'),
      ['QuotaDeleted', 'llm/a/gone'],
      moved,
      ['QuotaMoved', 'llm/z/x', { toQuotaId: 'llm/y' }],
    );
    for (const id of ['llm/a', 'llm/a/x', 'llm/z', 'llm/z/x', 'llm/y']) {
      expect(quotas.has(id, 99n), id).toBe(true);
    }
    expect(quotas.has('llm/z/x', 4n)).toBe(false);
    expect(quotas.has('llm/z/gone', 99n)).toBe(false);
  });

  it('were paid by whoever was named on them or above them, ever', () => {
    const quotas = known(
      created('llm/a', 'acme/one'),
      created('llm/a/x'),
      ['QuotaTransferred', 'llm/a', { project: 'acme/two' }],
      ['QuotaChanged', 'llm/a/x', { content: { project: 'acme/three' } }],
      ['QuotaMoved', 'llm/a/x', { toQuotaId: 'llm/y' }],
    );
    const payers = ['acme/one', 'acme/two', 'acme/three', 'acme/four'];
    const paid = (id: string, at: bigint): string[] =>
      payers.filter((project) => quotas.wasPaidBy(id, project, at));
    expect(paid('llm/a/x', 99n)).toEqual(['acme/one', 'acme/two', 'acme/three']);
    expect(paid('llm/a', 2n)).toEqual(['acme/one']);
    expect(paid('llm/y', 99n)).toEqual(['acme/three']);
  });
});
