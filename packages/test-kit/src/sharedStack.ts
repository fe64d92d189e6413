import { randomBytes } from 'node:crypto';
import { createDatabase } from '@prorata/infra';
import type { Passwords } from '@prorata/infra';
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
  readonly databaseUrl: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    prorataStack: SharedStack;
  }
}

/**
 * The stack of this test run.
 * @throws Error outside the `int` project, which alone starts one.
 */
export function sharedStack(): SharedStack {
  const stack = inject('prorataStack') as SharedStack | undefined;
  if (stack === undefined) {
    throw new Error('no shared stack: only files named *.int.spec.ts get one');
  }
  return stack;
}

/** A new, empty database of its own, as a URL. */
export function freshDatabase(): Promise<string> {
  return createDatabase(sharedStack().databaseUrl, `t${randomBytes(6).toString('hex')}`);
}

/**
 * A namespace that no other test has: every topic, subject, group and transactional id of a test
 * begins with `<namespace>.`, so that tests share a broker and never meet.
 */
export function freshNamespace(): Promise<string> {
  return Promise.resolve(`t${randomBytes(4).toString('hex')}`);
}
