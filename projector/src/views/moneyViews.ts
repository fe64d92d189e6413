import * as tables from '../database/tables.ts';
import { OF_ORGANIZATION, ORGANIZATION, provenance, viewOf } from './auditorView.ts';

export const priceBooks = viewOf(tables.priceBooks, {
  about: 'Price books as they are defined now.',
  stream: `'pricebook:' || t.price_book`,
  columns: {
    price_book: 'The price book.',
    version: 'Its version.',
    currency: 'ISO 4217.',
    prices: 'Money a unit, each from its own day on.',
    ...provenance,
    time_zone: 'Of its days and periods.',
    close_after_micros: 'How long after its end a period may be closed at the earliest.',
    shared_costs: 'What projects pay for together.',
    idle: 'What is charged that stood ready and nobody used.',
  },
});

export const credits = viewOf(tables.credits, {
  about: 'Money that was granted, what was taken back included.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    credit_id: 'The credit, unique within the organization.',
    status: '`granted` or `withdrawn`.',
    project: 'Whom it is for; null: the organization as a whole.',
    price_book: 'The price book whose charges it lessens.',
    amount: 'Money.',
    currency: 'ISO 4217.',
    at: 'When it counts.',
    granted_version: "The version of the organization's stream at its grant.",
    ...provenance,
  },
});

export const closedPeriods = viewOf(tables.closedPeriods, {
  about: 'Periods that are closed.',
  stream: OF_ORGANIZATION,
  columns: {
    organization: ORGANIZATION,
    price_book: 'The price book by which usage was charged.',
    period: 'The month, as in `2026-01`.',
    period_start: 'Its start, inclusive.',
    period_end: 'Its end, exclusive.',
    price_book_version: "The book's version.",
    currency: 'ISO 4217.',
    organization_version: "The version of the organization's stream whose credits the lines know.",
    positions: 'What of the usage table the lines know.',
    lines: 'How many lines it has.',
    total: 'Their sum.',
    lines_sha256: 'The SHA-256 of the lines.',
    ...provenance,
  },
});

export const tierPolicies = viewOf(tables.tierPolicies, {
  about: 'Tier policies as they were published last.',
  stream: `'tierpolicy:' || t.tier_policy`,
  columns: {
    tier_policy: 'The tier policy.',
    version: 'Its version.',
    steps: 'Overrun, and the cut of each tier.',
    floor_basis_points: 'The floor of each tier.',
    ...provenance,
  },
});
