import type { AccessRule } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Principal, TopicEntry, TopicManifest } from '@prorata/schemas';
import { isPerApplication } from './topicPlan.ts';

type Operation = AccessRule['operation'];
type Place = Pick<AccessRule, 'resource' | 'name' | 'pattern'>;

/** Who appends in transactions, and so needs a transactional id. */
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
 * A principal's groups and transactional ids begin with its own name, so that nobody else can fence
 * it or take its partitions.
 */
function ownRules(principal: Principal, namespace: string): AccessRule[] {
  const prefixed = (resource: AccessRule['resource'], name: string): Place => ({
    resource,
    name: inNamespace(name, namespace),
    pattern: 'prefixed',
  });
  return [
    ...rules(principal, prefixed('group', principal), ['read', 'describe', 'delete']),
    ...(transactional.includes(principal)
      ? rules(principal, prefixed('transactional-id', principal), ['write', 'describe'])
      : []),
  ];
}

/** Every access rule that the manifest implies, and none beside: what is not here is denied. */
export function accessRules(manifest: TopicManifest, namespace: string): AccessRule[] {
  const named = new Set(manifest.topics.flatMap((entry) => [...entry.writers, ...entry.readers]));
  const all = [
    ...manifest.topics.flatMap((entry) => topicRules(entry, namespace)),
    ...[...named].flatMap((principal) => ownRules(principal, namespace)),
  ];
  // A principal that both writes and reads would have its description rules twice.
  return [...new Map(all.map((rule) => [JSON.stringify(rule), rule])).values()];
}
