import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '../provision/progress.ts';
import { externalParts } from './externalParts.ts';
import type { ExternalParts } from './externalParts.ts';
import { liveProcesses, readState, writeState } from './stackFiles.ts';
import type { StackState } from './stackFiles.ts';
import { secretsDirectoryOf } from './secretsDirectoryOf.ts';
import { choosePorts } from './stackPlan.ts';
import type { StackPlan } from './stackPlan.ts';
import { partNames, usualPorts } from './stackParts.ts';
import type { Ports } from './stackParts.ts';
import { provideSecrets } from './stackSecrets.ts';

/** A stack is running that was started for other backing parts than now asked for. */
export class StackConflict extends Error {
  override readonly name = 'StackConflict';
}

export interface PlanOptions {
  readonly directory: string;
  readonly usualPorts?: boolean;
  readonly useExternal?: boolean;
  readonly namespace?: string;
  readonly progress?: Progress;
}

function sameExternal(one: ExternalParts, other: ExternalParts): boolean {
  const names = ['kafka', 'registry', 'postgres', 'usage'] as const;
  return names.every((name) => one[name] === other[name]);
}

/** While anything runs, everything stays where it is: the running parts know the others' addresses. */
async function nextState(options: PlanOptions): Promise<StackState> {
  const external = options.useExternal === true ? externalParts(process.env) : {};
  const saved = await readState(options.directory);
  const namespace = options.namespace ?? saved?.namespace ?? '';
  const running = await liveProcesses(options.directory);
  if (running.size > 0 && saved !== undefined) {
    if (sameExternal(saved.external, external) && saved.namespace === namespace) return saved;
    throw new StackConflict(
      'a stack with another Kafka, registry, Postgres, place of usage or namespace is running; end it first with `prorata down`',
    );
  }
  const preferred = saved?.ports ?? (options.usualPorts === true ? usualPorts : {});
  const ports = await choosePorts(preferred);
  for (const line of takenPorts(preferred, ports)) options.progress?.(line);
  return { ports, external, namespace };
}

/** Who expects a part at its usual port must learn that another program answers there. */
export function takenPorts(preferred: Partial<Ports>, chosen: Ports): readonly string[] {
  return partNames.flatMap((part) => {
    const wanted = preferred[part];
    if (wanted === undefined || wanted === chosen[part]) return [];
    return [`port ${String(wanted)} is taken: ${part} gets ${String(chosen[part])} instead`];
  });
}

/** Decides where everything is, or finds what was decided, and makes the secrets. */
export async function preparePlan(options: PlanOptions): Promise<StackPlan> {
  const directory = path.resolve(options.directory);
  await mkdir(directory, { recursive: true });
  // Postgres may run as another user, who walks through here and can list nothing.
  await chmod(directory, 0o711);
  const state = await nextState({ ...options, directory });
  await writeState(directory, state);
  return { directory, ...state, secrets: await provideSecrets(secretsDirectoryOf(directory)) };
}

/** The plan of a stack that was started before, or undefined when there never was one. */
export async function findPlan(directory: string): Promise<StackPlan | undefined> {
  const state = await readState(path.resolve(directory));
  if (state === undefined) return undefined;
  const secrets = await provideSecrets(secretsDirectoryOf(path.resolve(directory)));
  return { directory: path.resolve(directory), ...state, secrets };
}
