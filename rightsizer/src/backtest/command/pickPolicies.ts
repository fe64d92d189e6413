import { UsageError } from '@prorata/service-runtime';
import { readPolicy } from '../../policy.ts';
import { providerOf } from '../../recommend/limitProvider.ts';
import { sizingOf } from '../../resize/sizingOf.ts';
import { BacktestFault } from '../backtestFault.ts';
import type { LimitProvider } from '../limitProvider.ts';
import { allPolicies, baselines, oracles, own, workloadClasses } from '../policies.ts';

const groups: Readonly<Record<string, readonly LimitProvider[]>> = {
  ours: own,
  baselines,
  oracles,
};

/**
 * @param words names of policies or groups, or files of policies (`*.json`), also several to a word; none: all
 * @param workload of ours this class alone; null: all
 * @throws UsageError, BacktestFault POLICY_UNKNOWN, PolicyError
 */
export async function pickPolicies(
  words: readonly string[],
  workload: string | null,
): Promise<readonly LimitProvider[]> {
  if (workload !== null && !workloadClasses.some((each) => each === workload)) {
    throw new UsageError(`--class is one of ${workloadClasses.join(', ')}.`);
  }
  const names = words.flatMap((word) => word.split(',')).filter((name) => name !== '');
  const named = await Promise.all(names.map(policiesOf));
  const found = names.length === 0 ? allPolicies : [...new Set(named.flat())];
  return found.filter(
    ({ kind, name }) => kind !== 'ours' || workload === null || name.endsWith(`-${workload}`),
  );
}

async function policiesOf(name: string): Promise<readonly LimitProvider[]> {
  if (name.endsWith('.json')) return policiesOfFile(name);
  const group = Object.hasOwn(groups, name) ? groups[name] : undefined;
  const found = group ?? allPolicies.filter((policy) => policy.name === name);
  if (found.length > 0) return found;
  const there = [...Object.keys(groups), ...allPolicies.map((policy) => policy.name)].join(', ');
  throw new BacktestFault('POLICY_UNKNOWN', `${name} is none of ${there}`);
}

/** Ours with a file's terms of sizing: its classes, each as `<name>-<class>`. Terms count slots of an hour here. */
async function policiesOfFile(file: string): Promise<readonly LimitProvider[]> {
  const { name, rightsizer } = await readPolicy(file);
  return workloadClasses.map((workload) =>
    providerOf(`${name}-${workload}`, sizingOf(workload, 'rate', rightsizer)),
  );
}
