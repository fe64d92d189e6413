/** What YuniKorn's validator refuses of placement rules (v1.8), and a name that it takes and does not know. */
import { refused, trap } from './schedulerConfig.ts';
import type { PlacementRule, QueueConfig, YunikornFault } from './schedulerConfig.ts';

const RULE_NAME = /^[_a-zA-Z][a-zA-Z0-9_]*$/;
const FILTER_USER = /^[_a-zA-Z][a-zA-Z0-9:#/_.@-]*[$]?$/;
const FILTER_GROUP = /^[_a-zA-Z][a-zA-Z0-9:_.-]*$/;
/** With another, a reload fails, and a fresh start runs without any rule. */
const known = new Set(['fixed', 'provided', 'tag', 'user']);

export function placementFaults(
  rules: readonly PlacementRule[],
  root: QueueConfig,
): YunikornFault[] {
  return rules.flatMap((rule) => [...ruleFaults(rule), ...pathFaults(rule, root)]);
}

function ruleFaults(rule: PlacementRule): YunikornFault[] {
  const { name = '', parent, filter = {} } = rule;
  const faults: YunikornFault[] = parent === undefined ? [] : ruleFaults(parent);
  if (!RULE_NAME.test(name)) faults.push(refused(`The placement rule ${name} is no name.`));
  else if (!known.has(name.toLowerCase())) {
    faults.push(trap(`There is no placement rule ${name}: a reload would fail.`));
  }
  const type = (filter.type ?? '').toLowerCase();
  if (!['', 'allow', 'deny'].includes(type)) {
    faults.push(refused(`The filter of a placement rule is ${type}, not allow or deny.`));
  }
  const single = [
    [filter.users, FILTER_USER],
    [filter.groups, FILTER_GROUP],
  ] as const;
  for (const [names, form] of single) {
    const [only = ''] = names ?? [];
    if (names?.length === 1 && !form.test(only)) {
      faults.push(trap(`The filter ${only} is a pattern, which is not judged here.`));
    }
  }
  return faults;
}

interface StaticPath {
  readonly path: string;
  readonly hasDynamicPart: boolean;
}

/** The longest part that is fixed must lead to a leaf, or to a parent where something follows. */
function pathFaults(rule: PlacementRule, root: QueueConfig): YunikornFault[] {
  const found = staticPathOf(rule);
  if (found === null) {
    return [refused('Only the first fixed placement rule of a chain may begin with root.')];
  }
  if (!found.path.startsWith('root')) return [];
  const fault = placeFault(
    found.path.toLowerCase().split('.'),
    rule.create ?? false,
    found.hasDynamicPart,
    [root],
    root,
  );
  return fault === null ? [] : [refused(`A placement rule leads to ${found.path}, ${fault}.`)];
}

function staticPathOf(rule: PlacementRule): StaticPath | null {
  let path = '';
  for (const { name, value = '' } of chainOf(rule)) {
    if (name !== 'fixed') return { path: path === '' ? '<dynamic>' : path, hasDynamicPart: true };
    if (value.startsWith('root')) {
      if (path !== '') return null;
      path = value;
    } else path = `${path === '' ? 'root' : path}.${value}`;
  }
  return { path, hasDynamicPart: false };
}

function chainOf(rule: PlacementRule): readonly PlacementRule[] {
  return rule.parent === undefined ? [rule] : [...chainOf(rule.parent), rule];
}

function placeFault(
  [name = '', ...rest]: readonly string[],
  create: boolean,
  hasDynamicPart: boolean,
  queues: readonly QueueConfig[],
  parent: QueueConfig,
): string | null {
  if (queues.length === 0) {
    if (parent.parent !== true) return `and ${parent.name ?? ''} is a leaf`;
    return create ? null : 'which is not there and is not created';
  }
  const queue = queues.find((each) => each.name === name);
  if (queue === undefined) return create ? null : 'which is not there and is not created';
  if (rest.length > 0) {
    return placeFault(rest, create, hasDynamicPart, queue.queues ?? [], queue);
  }
  return (queue.parent ?? false) === hasDynamicPart ? null : 'which is not a leaf';
}
