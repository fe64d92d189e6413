import type { Figures } from './figures.ts';

const columns = ['slack', 'violations', 'unserved', 'changesPerSeriesDay'] as const;

/** Whether `left` beats `right`: no worse in any of the four figures, and better in one. */
export function beats(left: Figures, right: Figures): boolean {
  return (
    columns.every((column) => left[column] <= right[column]) &&
    columns.some((column) => left[column] < right[column])
  );
}
