import type { YunikornSettings } from '@prorata/quota-model';
import type { DispatchedSet, Format, HeldLimit, Rendered } from '../dispatcher.ts';
import { heldQueues } from './heldQueues.ts';
import type { HeldQueue } from './heldQueues.ts';
import { LEAST_APPLICATIONS, queueText } from './queueText.ts';
import { queueTree } from './queueTree.ts';
import type { QueueNode, TreeTerms } from './queueTree.ts';
import { yunikornFaults } from './yunikornFaults.ts';

/** Notes told of one text; the rest is counted. */
const NOTES_MAX = 20;

/** YuniKorn's queue file; docs/reference/dispatchers.md says what of a quota becomes what. */
export function yunikornFormat(settings: YunikornSettings): Format {
  return {
    render: (set) => render(set, settings),
    check: (text) => yunikornFaults(text).map(({ message }) => message),
    held: (text, set) => held(text, set, settings),
  };
}

function render(set: DispatchedSet, settings: YunikornSettings): Rendered {
  const terms = termsOf(set, settings);
  if (terms.types.size === 0 && terms.applications === null) return boundless(set);
  const notes: string[] = [];
  const top = queueTree(set, terms, (line) => notes.push(line));
  const types = [...terms.types.values()];
  const blocked = types.length === 0 ? blockedIn(top) : undefined;
  if (blocked !== undefined) {
    const reason = `${blocked}: YuniKorn cannot hold a queue at 0 applications, and there is no resource to block instead.`;
    return { kind: 'refused', reasons: [reason] };
  }
  return {
    kind: 'text',
    text: queueText(set.application, top, types, settings),
    notes:
      notes.length <= NOTES_MAX
        ? notes
        : [...notes.slice(0, NOTES_MAX), `… and ${notes.length - NOTES_MAX} more.`],
  };
}

/** Queues that bound nothing would look like limits and be none. */
function boundless({ application, resources }: DispatchedSet): Rendered {
  const [name = 'cores'] = resources.keys();
  const reason =
    `No resource of ${application} is a capacity, and no dispatcher's settings say what each is to YuniKorn: the queues would ` +
    `have no bounds. Settings do: resources: { ${name}: vcore }, or applications: ${name}.`;
  return { kind: 'refused', reasons: [reason] };
}

function blockedIn(nodes: readonly QueueNode[]): string | undefined {
  for (const node of nodes) {
    const found = node.applications === 0n ? node.quotaId : blockedIn(node.children);
    if (found !== undefined) return found;
  }
  return undefined;
}

function termsOf({ resources }: DispatchedSet, settings: YunikornSettings): TreeTerms {
  const all = [...resources.values()].filter(({ kind }) => kind === 'capacity');
  const named = settings.resources ?? Object.fromEntries(all.map(({ name }) => [name, name]));
  return {
    types: new Map(Object.entries(named)),
    applications: settings.applications ?? null,
  };
}

function held(text: string, set: DispatchedSet, settings: YunikornSettings): readonly HeldLimit[] {
  const { types, applications } = termsOf(set, settings);
  const queues = heldQueues(text);
  return set.quotas.flatMap(({ rule: { quotaId } }) => {
    const path = pathOf(quotaId, settings);
    const queue = queues.get(path);
    if (queue === undefined) return [];
    const limits: HeldLimit[] = [...types].map(([resource, type]) => ({
      quotaId,
      resource,
      most: queue.max.get(type) ?? 'unlimited',
    }));
    if (applications === null) return limits;
    const most = queue.applications ?? 'unlimited';
    const least = isBlocked(queue, [...types.values()]) ? { least: LEAST_APPLICATIONS } : {};
    return [...limits, { quotaId, resource: applications, most, ...least }];
  });
}

/** One application may be let in, and gets nothing of what is governed. */
const isBlocked = ({ max }: HeldQueue, types: readonly string[]): boolean =>
  types.length > 0 && types.every((type) => max.get(type) === 0n);

const pathOf = (quotaId: string, { queue = 'root' }: YunikornSettings): string =>
  `${queue}.${quotaId.split('/').slice(1).join('.')}`;
