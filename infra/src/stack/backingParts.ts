import path from 'node:path';
import type { JvmParts } from './jvmParts.ts';
import { freePort } from './freePort.ts';
import { startKafka } from './kafka.ts';
import type { RunningKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import type { RunningPostgres } from './postgres.ts';
import type { Passwords } from './principals.ts';
import { startRegistry } from './registry.ts';
import type { RunningRegistry } from './registry.ts';
import type { RunningPart } from './startProcess.ts';

export interface BackingOptions {
  readonly directory: string;
  readonly jvm: JvmParts;
  readonly passwords: Passwords;
  readonly databasePassword: string;
  readonly durable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What the services stand on. */
export interface BackingParts {
  readonly kafka: RunningKafka;
  readonly registry: RunningRegistry;
  readonly postgres: RunningPostgres;
  /** Stops all of them, the registry before the broker that it writes to. */
  stop(): Promise<void>;
}

/**
 * Starts all three side by side: the registry waits for the broker by itself, and its own start is
 * the longest. When one fails, the others are stopped.
 * @throws PartDidNotStart, of the first that failed.
 */
export async function startBackingParts(options: BackingOptions): Promise<BackingParts> {
  const { directory, jvm, passwords, signal } = options;
  const port = await freePort();
  const giveUp = new AbortController();
  const either = AbortSignal.any(signal === undefined ? [giveUp.signal] : [giveUp.signal, signal]);
  const started: RunningPart[] = [];
  const keep = async <T extends RunningPart>(starting: Promise<T>): Promise<T> => {
    try {
      const part = await starting;
      started.push(part);
      return part;
    } catch (error) {
      giveUp.abort();
      throw error;
    }
  };
  const kafka = keep(
    startKafka({ directory: path.join(directory, 'kafka'), jvm, passwords, port, signal: either }),
  );
  const registry = keep(
    startRegistry({
      directory: path.join(directory, 'registry'),
      jvm,
      connection: {
        clientId: 'registry',
        brokers: [`127.0.0.1:${String(port)}`],
        sasl: { mechanism: 'plain', username: 'registry', password: passwords.registry },
      },
      signal: either,
    }),
  );
  const postgres = keep(
    startPostgres({
      directory: path.join(directory, 'postgres'),
      password: options.databasePassword,
      durable: options.durable ?? true,
      signal: either,
    }),
  );
  await Promise.allSettled([kafka, registry, postgres]);
  try {
    const parts = { kafka: await kafka, registry: await registry, postgres: await postgres };
    return { ...parts, stop: () => stopAll([parts.postgres, parts.registry, parts.kafka]) };
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

async function stopAll(parts: readonly RunningPart[]): Promise<void> {
  for (const part of parts) await part.stop();
}
