import { rm } from 'node:fs/promises';
import path from 'node:path';
import { kafkaAnswers } from './kafkaAnswers.ts';
import { postgresAnswers } from './postgresAnswers.ts';
import { findPlan } from './preparePlan.ts';
import { postgresDataDirectory, postgresUser } from './postgresPlace.ts';
import { hasReadItsJournal, registryAnswers } from './registry.ts';
import { stopProcess } from './stopProcess.ts';
import { forgetProcess, liveProcesses } from './stackFiles.ts';
import { addressesOf, connectionOf } from './stackPlan.ts';
import type { StackAddresses, StackPlan } from './stackPlan.ts';
import { isService, partNames, serviceNames, stopSignalOf } from './stackParts.ts';
import type { PartName } from './stackParts.ts';
import { isReady, logFileOf } from './startPart.ts';

export interface PartStatus {
  readonly part: PartName;
  /** `external`: somebody else runs it, and it answers. */
  readonly state: 'ready' | 'not ready' | 'down' | 'external';
  readonly pid: number | null;
  readonly address: string;
  readonly logFile: string;
}

export interface StackStatus {
  readonly addresses: StackAddresses;
  readonly parts: readonly PartStatus[];
  /** Are all parts there and ready? */
  readonly ready: boolean;
}

/** A part that does not answer in this time serves nobody, milliseconds. */
const answerTimeoutMs = 2_000;

function addressOf(plan: StackPlan, part: PartName): string {
  const addresses = addressesOf(plan);
  if (isService(part)) return `http://127.0.0.1:${String(plan.ports[part])}`;
  return addresses[part];
}

function answers(plan: StackPlan, part: PartName, address: string): Promise<boolean> {
  if (isService(part)) return isReady(plan.ports[part]);
  switch (part) {
    case 'kafka':
      return kafkaAnswers(connectionOf(plan, 'admin'), answerTimeoutMs);
    case 'registry':
      return plan.external.registry === undefined
        ? hasReadItsJournal(plan.ports.registry)
        : registryAnswers(address, answerTimeoutMs);
    case 'postgres':
      return postgresAnswers(address, answerTimeoutMs);
  }
}

async function statusOf(
  plan: StackPlan,
  part: PartName,
  pid: number | undefined,
): Promise<PartStatus> {
  const address = addressOf(plan, part);
  const logFile = logFileOf(plan.directory, part);
  const status = (state: PartStatus['state']): PartStatus => ({
    part,
    state,
    pid: pid ?? null,
    address,
    logFile,
  });
  const external = !isService(part) && plan.external[part] !== undefined;
  if (pid === undefined && !external) return status('down');
  if (!(await answers(plan, part, address))) return status('not ready');
  return status(external ? 'external' : 'ready');
}

/** What of the stack in this folder runs; undefined when there never was one. */
export async function inspectStack(directory: string): Promise<StackStatus | undefined> {
  const plan = await findPlan(directory);
  if (plan === undefined) return undefined;
  const live = await liveProcesses(plan.directory);
  const parts = await Promise.all(
    partNames.map((part) => statusOf(plan, part, live.get(part)?.pid)),
  );
  const ready = parts.every(({ state }) => state === 'ready' || state === 'external');
  return { addresses: addressesOf(plan), parts, ready };
}

/**
 * Ends what runs of the stack in this folder, whoever started it.
 * @returns the parts that were running.
 */
export async function stopStack(directory: string): Promise<readonly PartName[]> {
  const live = await liveProcesses(directory);
  const stop = (parts: readonly PartName[]): Promise<unknown> =>
    Promise.all(
      parts.map(async (part) => {
        const identity = live.get(part);
        if (identity !== undefined) await stopProcess(identity, { signal: stopSignalOf(part) });
        await forgetProcess(directory, part);
      }),
    );
  await stop(serviceNames);
  await stop(['registry', 'postgres']);
  await stop(['kafka']);
  return [...live.keys()];
}

/** Of a stack that was killed while it made its database, the maker goes on writing for a moment: 11 s in all. */
const REMOVING = { maxRetries: 10, retryDelay: 200 } as const;

/** Ends the stack and forgets its data, its logs and its secrets. */
export async function removeStack(directory: string): Promise<void> {
  await stopStack(directory);
  const database = postgresDataDirectory(path.join(directory, 'postgres'), postgresUser());
  const removing = { recursive: true, force: true, ...REMOVING } as const;
  await rm(database, removing);
  await rm(directory, removing);
}
