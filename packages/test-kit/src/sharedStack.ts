import { randomBytes } from 'node:crypto';
import { applyManifest, createDatabase, describeDifference, registryClient } from '@prorata/infra';
import type { Passwords, Principal } from '@prorata/infra';
import type { KafkaConnection } from '@prorata/kafka-port';
import { topicManifest } from '@prorata/schemas';
import type { TopicManifest } from '@prorata/schemas';
import { inject } from 'vitest';

/** Where the parts are that all int specs of a run share. */
export interface SharedStack {
  readonly brokers: readonly string[];
  /** The user `admin`, who may do all. */
  readonly sasl: {
    readonly mechanism: 'plain';
    readonly username: string;
    readonly password: string;
  };
  /** By principal; each may do only what the applied manifest allows. */
  readonly passwords: Passwords;
  readonly registryUrl: string;
  /** The registry for those whom `freshNamespace` has made a namespace. */
  readonly subjectsUrl: string;
  readonly databaseUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    prorataStack: SharedStack;
  }
}

/**
 * The stack of this test run.
 * @throws Error outside the projects `int`, `e2e alone` and `nightly`, which start one.
 */
export function sharedStack(): SharedStack {
  const stack = inject('prorataStack') as SharedStack | undefined;
  if (stack === undefined) {
    throw new Error(
      'no shared stack: only files named *.int.spec.ts and those of `e2e alone` in vitest.config.ts get one',
    );
  }
  return stack;
}

/** A new, empty database of its own, as a URL. */
export function freshDatabase(): Promise<string> {
  return createDatabase(sharedStack().databaseUrl, `t${randomBytes(6).toString('hex')}`);
}

/** How to connect as one of the stack's users; `admin` unless told. */
export function kafkaConnection(principal: Principal = 'admin'): KafkaConnection {
  const { brokers, passwords } = sharedStack();
  const sasl = { mechanism: 'plain', username: principal, password: passwords[principal] } as const;
  return { clientId: `test-${principal}`, brokers, sasl };
}

/**
 * A namespace that no other test has: every topic, subject, group and transactional id of a test
 * begins with `<namespace>.`, so that tests share a broker and never meet.
 * @param options.apply makes the manifest's topics, subjects and access rules in it: all, or those of
 * the topics that are named. Its subjects are found at `subjectsUrl`.
 */
export async function freshNamespace(
  options: { readonly apply?: boolean | readonly string[] } = {},
): Promise<string> {
  const namespace = `t${randomBytes(4).toString('hex')}`;
  const { apply = false } = options;
  if (apply !== false) await applyFresh(namespace, apply === true ? topicManifest : only(apply));
  return namespace;
}

function only(names: readonly string[]): TopicManifest {
  const topics = topicManifest.topics.filter(({ name }) => names.includes(name));
  if (topics.length < names.length) throw new Error(`Not all are topics: ${names.join(', ')}`);
  return { ...topicManifest, topics };
}

/**
 * Nothing is there yet, so nothing is asked, and no second version comes that a level would refuse:
 * a fourth of the requests.
 */
async function applyFresh(namespace: string, manifest: TopicManifest): Promise<void> {
  const { subjectsUrl: registryUrl } = sharedStack();
  const registry = {
    ...registryClient(registryUrl),
    exists: () => Promise.resolve(false),
    setCompatibility: () => Promise.resolve(true),
  };
  const connection = kafkaConnection();
  const result = await applyManifest({ connection, registryUrl, namespace, manifest, registry });
  if (result.kind === 'refused') {
    throw new Error(result.differences.map(describeDifference).join('\n'));
  }
}
