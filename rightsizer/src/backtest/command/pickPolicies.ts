import { UsageError } from '@prorata/service-runtime';
import { BacktestFault } from '../backtestFault.ts';
import type { LimitProvider } from '../limitProvider.ts';
import { allPolicies, baselines, oracles, own, workloadClasses } from '../policies.ts';

const groups: Readonly<Record<string, readonly LimitProvider[]>> = {
  ours: own,
  baselines,
  oracles,
};

/**
 * @param words names of policies or groups, also several to a word; none: all
 * @param workload of ours this class alone; null: all
 * @throws BacktestFault POLICY_UNKNOWN
 */
export function pickPolicies(
  words: readonly string[],
  workload: string | null,
): readonly LimitProvider[] {
  if (workload !== null && !workloadClasses.some((each) => each === workload)) {
    throw new UsageError(`--class is one of ${workloadClasses.join(', ')}.`);
  }
  const names = words.flatMap((word) => word.split(',')).filter((name) => name !== '');
  const found = names.length === 0 ? allPolicies : [...new Set(names.flatMap(policiesOf))];
  return found.filter(
    ({ kind, name }) => kind !== 'ours' || workload === null || name === `prorata-${workload}`,
  );
}

function policiesOf(name: string): readonly LimitProvider[] {
  const group = Object.hasOwn(groups, name) ? groups[name] : undefined;
  const found = group ?? allPolicies.filter((policy) => policy.name === name);
  if (found.length > 0) return found;
  const there = [...Object.keys(groups), ...allPolicies.map((policy) => policy.name)].join(', ');
  throw new BacktestFault('POLICY_UNKNOWN', `${name} is none of ${there}`);
}
