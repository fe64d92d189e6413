import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { provideJvmParts, pythonTables, randomPasswords, startBackingParts } from '@prorata/infra';
import type { TestProject } from 'vitest/node';
import type { SharedStack } from './sharedStack.ts';
import { startSharedSubjects } from './sharedSubjects.ts';

/**
 * Starts Kafka, the registry and Postgres once for all int specs, on free ports, in a folder that
 * goes away afterwards. The parts end with this process however it ends: each has a guard of its own.
 */
export default async function startSharedStack(project: TestProject): Promise<() => Promise<void>> {
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const jvm = await provideJvmParts(progress);
  // On a fresh machine an install of a minute: what needs it comes late enough to find it done.
  void pythonTables();
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-test-'));
  // Postgres may run as another user, who has to walk through.
  await chmod(directory, 0o711);
  const passwords = randomPasswords();
  const remove = (): Promise<void> =>
    rm(directory, { recursive: true, force: true, maxRetries: 3 });
  const parts = await startBackingParts({
    directory,
    jvm,
    passwords,
    databasePassword: 'test',
    durable: false,
  }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  const subjects = await startSharedSubjects(parts.registry.url);
  const stack: SharedStack = {
    brokers: parts.kafka.brokers,
    sasl: { mechanism: 'plain', username: 'admin', password: passwords.admin },
    passwords,
    registryUrl: parts.registry.url,
    subjectsUrl: subjects.url,
    databaseUrl: parts.postgres.url,
  };
  project.provide('prorataStack', stack);
  return async () => {
    await subjects.close();
    await parts.stop();
    await remove();
  };
}
