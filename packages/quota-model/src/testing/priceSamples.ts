/** What prices and books say where they say nothing of it. */
import type { DefinePriceBook, Price } from '@prorata/schemas';

export const plainPrice: Pick<Price, 'unit' | 'steps' | 'basis'> = {
  unit: '',
  steps: [],
  basis: 'used',
};

export const plainBook: Pick<
  DefinePriceBook,
  'timeZone' | 'closeAfterMicros' | 'sharedCosts' | 'idle'
> = { timeZone: 'UTC', closeAfterMicros: 259_200_000_000n, sharedCosts: [], idle: [] };
