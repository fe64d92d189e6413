import { describe, expect, it } from 'vitest';
import { budgetExplainLines } from './budgetExplain.ts';

const explained = {
  organization: 'acme',
  budget: { id: 'month', project: 'acme/moka', amount: '50', currency: 'EUR', mode: 'enforce' },
  window: { start: '2026-03-01T00:00:00Z', end: '2026-04-01T00:00:00Z' },
  usage: { tableVersion: 7 },
  priceBook: { id: 'list', version: 3 },
  spend: '60',
  overrunBasisPoints: 2_000,
  lines: [
    {
      category: 'usage',
      application: 'llm',
      resource: 'tokens',
      used: 1_800,
      price: { amount: '0.10', perUnits: 3, effectiveFrom: '2026-01-01T00:00:00Z' },
      money: '60',
    },
  ],
  steps: [
    {
      atSpend: '50',
      isReached: true,
      tiers: [
        { tier: 2, cutBasisPoints: 1_000, quotas: 0 },
        { tier: 3, cutBasisPoints: 2_500, quotas: 4 },
      ],
      waves: [1, 3],
    },
  ],
  places: [
    {
      project: 'acme/moka',
      application: 'llm',
      cut: { step: 0, quotas: 1, since: '2026-03-09T00:00:00Z', until: '2026-04-01T00:00:00Z' },
    },
  ],
  thresholds: [
    {
      basis: 'actual',
      basisPoints: 8_000,
      atSpend: '40',
      upAt: '2026-03-07T00:00:00Z',
      downAt: null,
    },
  ],
  forecast: {
    kind: 'forecast',
    point: '130',
    low80: '110',
    high80: '150',
    chanceBasisPoints: 10_000,
    breachAt: '2026-03-08T00:00:00Z',
  },
  frozen: [{ code: 'ESCALATION_RESTS', detail: 'step 0 has just been taken' }],
  next: { at: '2026-03-09T00:15:00Z', why: 'rest' },
};

describe('an explained budget', () => {
  const text = budgetExplainLines(explained).join('\n');
  const said = [
    'month of acme/moka: 50 EUR',
    'Spent: 60 EUR, 20 % over the budget.',
    "By version 3 of price book list, and the usage table's version 7.",
    '0.10 per 3',
    '4 of tier 3 lose 25 %',
    '1, then 3',
    'acme/moka in llm: 1 quotas, by step 0 since 2026-03-09T00:00:00Z',
    '80 %',
    'At the end of the window: 130 (80 %: 110 to 150); the chance of a breach is 100 %',
    'A forecast cuts nothing.',
    'Nothing is cut: ESCALATION_RESTS',
    'It rests, and may act again at 2026-03-09T00:15:00Z.',
  ];
  it.each(said)('says: %s', (part) => {
    expect(text).toContain(part);
  });

  it('says what is left of it, not how far below zero the overrun is', () => {
    const lines = budgetExplainLines({ ...explained, overrunBasisPoints: -338 }).join('\n');
    expect(lines).toContain('Spent: 60 EUR, 3.38 % left.');
  });

  it('names no version of a price book that is not there', () => {
    const lines = budgetExplainLines({ ...explained, priceBook: null }).join('\n');
    expect(lines).toContain("By the usage table's version 7, without a price book.");
  });

  it('does not promise rest while something holds the cut back', () => {
    const next = { at: '2026-04-01T00:00:00Z', why: 'window' };
    const lines = budgetExplainLines({ ...explained, next }).join('\n');
    expect(lines).toContain('acts once nothing holds it back; the window ends at 2026-04-01');
    expect(budgetExplainLines({ ...explained, next, frozen: [] }).join('\n')).toContain(
      'Unless spend or the budget changes, nothing happens until',
    );
  });

  it('leaves out what is not known', () => {
    const bare = { ...explained, spend: null, overrunBasisPoints: null, forecast: null, lines: [] };
    const lines = budgetExplainLines({ ...bare, steps: [], places: [], thresholds: [] }).join('\n');
    expect(lines).toContain('Spent: not known.');
    expect(lines).not.toContain('What would happen');
  });
});
