/** Commands that are about very many quotas, or about none by name: what a single one costs in a large tree. */
import type { CommandMessage } from '@prorata/schemas';
import { commandIn, PAYER, terms } from './bigTree.ts';

/** Quotas of one page: as many as a command may ask for. */
const PAGE = 500;

const budget = {
  project: PAYER,
  budgetId: 'monthly',
  spend: '112',
  budget: '100',
};

const evidence = {
  policy: 'standard 1',
  source: 'bench',
  windowStart: '2026-09-01T00:00:00Z',
  windowEnd: '2026-09-21T00:00:00Z',
  figures: { spend: '112', budget: '100' },
  inputsHash: '00'.repeat(32),
};

/** By what they are, in an order in which each has something to do; another turn does something else. */
export function wideCommands(turn: number): readonly (readonly [string, CommandMessage])[] {
  const page = { after: null, most: PAGE };
  const cut = {
    ...budget,
    windowStart: '2026-09-01T00:00:00Z',
    windowEnd: '2100-01-01T00:00:00Z',
    currency: 'USD',
    overrunBasisPoints: 1_200,
    tierPolicy: 'standard',
    tierPolicyVersion: 1,
    cutBasisPoints: [0, 0, 2_500, 5_000, 9_000],
    floorBasisPoints: [0, 0, 0, 0, 0],
    evidence,
    ...page,
  };
  return [
    [`a page of ${PAGE} of a cut`, commandIn('ApplyHaircut', turn, cut)],
    [
      `a page of ${PAGE} of its lift`,
      commandIn('LiftHaircut', turn, { ...budget, cause: 'budget_raised', ...page }),
    ],
    [
      'a transfer of the owner of all',
      commandIn('TransferQuota', turn, { quotaId: 'bench/t0', owner: `group:turn-${turn}` }),
    ],
    [
      'a registration',
      commandIn('RegisterApplication', turn, { ...terms, displayName: `Bench ${turn}` }),
    ],
  ];
}
