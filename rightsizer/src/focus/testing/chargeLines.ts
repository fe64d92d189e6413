/** Lines of the ledger as it makes them, one of each kind. */
import type { Price } from '@prorata/schemas';
import type { ChargeLine } from '../../ledger/chargeLine.ts';
import type { FocusNames } from '../focusNames.ts';

const HOUR = 3_600_000_000n;
/** 2026-03-02 in Berlin. */
const DAY_START = 1_772_406_000_000_000n;

export const price: Price = {
  application: 'llm',
  resource: 'tokens',
  amount: '1.25',
  perUnits: 1_000_000n,
  effectiveFrom: 1_767_225_600_000_000n,
  unit: '',
  steps: [],
  basis: 'used',
};

export const usage: ChargeLine = {
  organization: 'acme',
  project: 'acme/assistant',
  category: 'usage',
  correction: false,
  priceBook: 'list',
  currency: 'EUR',
  // March of 2026 in Berlin, which has an hour less.
  billing: { start: 1_772_319_600_000_000n, end: 1_774_994_400_000_000n },
  charge: { start: DAY_START, end: DAY_START + 24n * HOUR },
  datedAt: DAY_START,
  application: 'llm',
  resource: 'tokens',
  quotaId: 'llm/prod/chat',
  name: null,
  used: 2_500_000n,
  reserved: null,
  charged: 2_500_000n,
  price,
  cost: '3.125',
};

export const capacity: ChargeLine = {
  ...usage,
  application: 'moka',
  resource: 'vcores',
  quotaId: 'moka/prod',
  used: 3_600_000n,
  reserved: 7_200_000n,
  charged: 7_200_000n,
  price: {
    ...price,
    application: 'moka',
    resource: 'vcores',
    amount: '0.05',
    perUnits: 3_600_000n,
    unit: 'vCPU-hour',
    basis: 'greater_of_reserved_and_used',
  },
  cost: '0.1',
};
export const unpriced: ChargeLine = { ...usage, resource: 'requests', price: null, cost: null };
export const nobodys: ChargeLine = { ...usage, organization: null, project: null };
export const idle: ChargeLine = {
  ...capacity,
  category: 'idle',
  quotaId: null,
  used: 0n,
  reserved: null,
};
export const shared: ChargeLine = {
  ...usage,
  category: 'shared',
  application: null,
  resource: null,
  quotaId: null,
  name: 'platform',
  used: 0n,
  charged: 0n,
  price: null,
  cost: '96.774193548387',
};
export const credit: ChargeLine = {
  ...shared,
  category: 'credit',
  project: null,
  name: 'outage',
  cost: '-25.5',
};
/** Found in March, of February. */
export const correction: ChargeLine = {
  ...usage,
  correction: true,
  charge: { start: DAY_START - 14n * 24n * HOUR, end: DAY_START - 13n * 24n * HOUR },
  used: -500_000n,
  charged: -500_000n,
  cost: '-0.625',
};

export const everyKind: readonly ChargeLine[] = [
  ...[usage, capacity, unpriced, nobodys, idle, shared, credit, correction],
];

export const names: FocusNames = {
  provider: 'Prorata',
  organizationName: () => 'Acme',
  projectName: () => 'The Assistant',
  unitOf: (_application, resource) => {
    if (resource === 'tokens') return { unit: 'token', isHeld: false };
    return resource === 'vcores' ? { unit: 'milli-vcore', isHeld: true } : null;
  },
  labelsOf: () => ({ team: 'chat', env: 'prod' }),
};
