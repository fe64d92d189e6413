import type { AccessRule } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Principal, TopicEntry, TopicManifest } from '@prorata/schemas';
import { isPerApplication } from './topicPlan.ts';

type Operation = AccessRule['operation'];
type Place = Pick<AccessRule, 'resource' | 'name' | 'pattern'>;

/** The group that each principal consumes with; the writer identities of a principal begin with it too. */
const groups: Partial<Record<Principal, string>> = {
  writer: 'command-service',
  projector: 'projector',
  relay: 'enforcer-relay',
  rightsizer: 'usage-sink',
  // For people's own tools: a client that only reads may have to name a group all the same.
  auditor: 'reader.',
};

/** Who appends in transactions, and so needs transactional ids. */
const transactional: readonly Principal[] = ['writer', 'relay'];

function rules(principal: string, place: Place, operations: readonly Operation[]): AccessRule[] {
  return operations.map((operation) => ({ principal, ...place, operation }));
}

function topicPlace(entry: TopicEntry, namespace: string): Place {
  const name = inNamespace(entry.name, namespace);
  return isPerApplication(entry)
    ? { resource: 'topic', name: name.slice(0, name.indexOf('<')), pattern: 'prefixed' }
    : { resource: 'topic', name, pattern: 'literal' };
}

/** Writers and readers see the configuration as well: each asserts the manifest when it starts. */
function topicRules(entry: TopicEntry, namespace: string): AccessRule[] {
  const place = topicPlace(entry, namespace);
  const creates: readonly Operation[] = isPerApplication(entry) ? ['create'] : [];
  return [
    ...entry.writers.flatMap((writer) =>
      rules(writer, place, ['write', 'describe', 'describe-configs', ...creates]),
    ),
    ...entry.readers.flatMap((reader) =>
      rules(reader, place, ['read', 'describe', 'describe-configs']),
    ),
  ];
}

/**
 * Nobody else's groups and transactional ids begin as a principal's do: who could use the writer's
 * would take its partitions, or fence it.
 */
function ownRules(principal: Principal, namespace: string): AccessRule[] {
  const group = groups[principal];
  if (group === undefined) return [];
  const name = inNamespace(group, namespace);
  const place = (resource: AccessRule['resource']): Place => ({
    resource,
    name,
    pattern: 'prefixed',
  });
  return [
    ...rules(principal, place('group'), ['read', 'describe', 'delete']),
    ...(transactional.includes(principal)
      ? rules(principal, place('transactional-id'), ['write', 'describe'])
      : []),
  ];
}

/** The gateway is not ready while a partition has no owner, and so must see who owns: no more than that. */
function watchRules(namespace: string): AccessRule[] {
  const name = inNamespace(groups.writer ?? '', namespace);
  return rules('gateway', { resource: 'group', name, pattern: 'literal' }, ['describe']);
}

/** Every access rule that the manifest implies, and none beside: what is not here is denied. */
export function accessRules(manifest: TopicManifest, namespace: string): AccessRule[] {
  const named = new Set(manifest.topics.flatMap((entry) => [...entry.writers, ...entry.readers]));
  const all = [
    ...manifest.topics.flatMap((entry) => topicRules(entry, namespace)),
    ...[...named].flatMap((principal) => ownRules(principal, namespace)),
    ...watchRules(namespace),
  ];
  // A principal that both writes and reads would have its description rules twice.
  return [...new Map(all.map((rule) => [JSON.stringify(rule), rule])).values()];
}
