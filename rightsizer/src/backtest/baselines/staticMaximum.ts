import type { CausalProvider } from '../limitProvider.ts';
import { highestOf } from './highestOf.ts';

const MARGIN = 1.15;

/** What a careful person does once: the highest of the warm-up and 15 %, for ever. */
export const staticMaximum: CausalProvider = {
  kind: 'baseline',
  name: 'static-max',
  begin: () => {
    let limit: number | null = null;
    return {
      limitAt: ({ values, known }) => (limit ??= highestOf(values, 0, known) * MARGIN),
    };
  },
};
