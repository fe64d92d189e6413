import type { Figure } from '../figure.ts';

/** Of the floor's and of the peer's rate: what ours should be at least. */
export interface RateAims {
  readonly ofFloor: number;
  readonly ofEmmett: number;
}

/** What the rate is held against. Whoever was not measured is compared with nothing, and nothing is held then. */
export function rateAim(
  { ours, floor, peers }: Pick<Figure, 'ours' | 'floor' | 'peers'>,
  { ofFloor, ofEmmett }: RateAims,
): Pick<Figure, 'aim' | 'held'> {
  const compared = [
    { times: ofFloor, name: 'floor', rate: floor },
    { times: ofEmmett, name: 'emmett', rate: peers['emmett'] ?? null },
  ].map(({ times, name, rate }) => {
    const aim = `≥ ${times} × ${name}`;
    if (ours === null || rate === null) return { text: `${aim} (not measured)`, held: undefined };
    return { text: `${aim} (${(ours / rate).toFixed(2)})`, held: ours >= times * rate };
  });
  const aim = compared.map(({ text }) => text).join(', ');
  const verdicts = compared.map(({ held }) => held);
  if (verdicts.includes(false)) return { aim, held: false };
  return verdicts.includes(undefined) ? { aim } : { aim, held: true };
}
