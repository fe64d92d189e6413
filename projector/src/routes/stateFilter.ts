import type { Parameters } from './parameters.ts';

/** `state=drifted,silent`: any of them; null: not asked for. What is not understood is reported. */
export function statesIn(
  parameters: Parameters,
  known: readonly string[],
): readonly string[] | null {
  const text = parameters.text('state');
  if (text === null) return null;
  const states = text.split(',');
  if (states.length <= known.length && states.every((state) => known.includes(state)))
    return states;
  parameters.report('state', `must be of ${known.join(', ')}, with commas between`);
  return null;
}
