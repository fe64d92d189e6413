import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectKafka, seededRandom } from '@prorata/kafka-port';
import type { LogAdmin, LogPort } from '@prorata/kafka-port';
import { Codec, registryIds, topicManifest } from '@prorata/schemas';
import type { CommandOutcome, EventMessage, Message } from '@prorata/schemas';
import type { Progress } from '../provision/progress.ts';
import { mintToken } from '../stack/mintToken.ts';
import { strikeUntil } from './blows.ts';
import { held } from './chaosResult.ts';
import { startChaosStack } from './chaosStack.ts';
import type { ChaosStack } from './chaosStack.ts';
import { compareLog } from './compareLog.ts';
import type { Comparison, ReadLog } from './compareLog.ts';
import { callUntil, registerApplications, resolveUnknown } from './load.ts';
import type { Door, Sent } from './load.ts';
import type { SupervisedPart } from './supervisedPart.ts';

const CALLERS = 12;
/** Everything that was struck is back by then, milliseconds: restarts wait for each other. */
const HEAL_MS_MAX = 90_000;
const LOOK_MS = 250;

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly brokers: 1 | 3;
  readonly signal: AbortSignal;
  readonly tell: Progress;
}

/**
 * Load on the real stack while its processes are killed and frozen; then every unknown answer is
 * asked for again, and the log is read by the auditor and compared with what callers were told.
 */
export async function runChaos(options: ChaosOptions): Promise<Comparison> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-chaos-'));
  let stack: ChaosStack | null = null;
  let isClean = false;
  try {
    options.tell(`starting ${options.brokers} broker(s), 2 writers, 2 gateways …`);
    stack = await startChaosStack(directory, options.brokers, options.tell);
    const comparison = await strikeAndCompare(stack, options);
    isClean = held(comparison.result);
    return comparison;
  } finally {
    await stack?.stop();
    if (isClean || options.signal.aborted)
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    else options.tell(`the logs and the data are left in ${directory}`);
  }
}

async function strikeAndCompare(stack: ChaosStack, options: ChaosOptions): Promise<Comparison> {
  const { tell, signal } = options;
  const claims = { subject: 'chaos', kind: 'user', roles: ['admin'] } as const;
  const door: Door = {
    gatewayUrls: stack.gatewayUrls,
    token: await mintToken(stack.secretsDirectory, claims),
    random: seededRandom(options.seed),
  };
  await registerApplications(door);
  const sent: Sent[] = [];
  const endMs = performance.now() + options.seconds * 1_000;
  const done = (): boolean => signal.aborted || performance.now() >= endMs;
  const callers = Array.from({ length: CALLERS }, (_, caller) =>
    callUntil(caller, door, sent, done),
  );
  const blows = await strike(stack, options, done);
  await Promise.all(callers);
  signal.throwIfAborted();
  await healed(stack, signal);
  tell(`${blows} blows, ${sent.length} commands; asking again for what is unknown …`);
  await resolveUnknown(door, sent);
  const asked = sent.filter(({ wasUnknown }) => wasUnknown).length;
  tell(`${asked} answers had been unknown; reading the log …`);
  return compareLog(sent, await readLog(stack));
}

async function strike(
  stack: ChaosStack,
  { seed, tell }: ChaosOptions,
  done: () => boolean,
): Promise<number> {
  const port = connectKafka(stack.connectionOf('admin'));
  // Blows have numbers of their own: how fast callers are answered must not move them.
  const random = seededRandom(seed + 1);
  let admin: LogAdmin | null = null;
  const leader = async (): Promise<SupervisedPart | undefined> => {
    try {
      admin ??= await port.admin();
      const leaders = await admin.leadersOf('quota.events');
      return stack.brokers[(leaders[Math.floor(random() * leaders.length)] ?? 1) - 1];
    } catch {
      // The cluster does not answer: it is struck enough.
      return undefined;
    }
  };
  try {
    return await strikeUntil({ stack, random, leader, tell }, done);
  } finally {
    await port.close();
  }
}

/** @throws Error when something does not come back */
async function healed(stack: ChaosStack, signal: AbortSignal): Promise<void> {
  const parts = [...stack.brokers, ...stack.others, ...stack.writers, ...stack.gateways];
  const endMs = performance.now() + HEAL_MS_MAX;
  for (;;) {
    const down = parts.filter(({ isUp }) => !isUp).map(({ name }) => name);
    if (down.length === 0) return;
    if (performance.now() > endMs) throw new Error(`${down.join(', ')} did not come back.`);
    await sleep(LOOK_MS, undefined, { signal });
  }
}

/** As the auditor, who can read and nothing else. */
async function readLog(stack: ChaosStack): Promise<ReadLog> {
  const port = connectKafka(stack.connectionOf('auditor'));
  const codec = new Codec(registryIds(stack.registryUrl));
  try {
    const outcomes = await readTopic(port, codec, 'quota.outcomes');
    return {
      events: (await readTopic(port, codec, 'quota.events')) as EventMessage[],
      outcomes: outcomes.map(({ value }) => value as CommandOutcome),
    };
  } finally {
    await port.close();
  }
}

async function readTopic(port: LogPort, codec: Codec, topic: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let partition = 0; partition < topicManifest.partitions.local; partition++) {
    await port.log.readToEnd({ topic, partition }, 0n, async (records) => {
      for (const { value } of records) messages.push(await codec.decode(value));
    });
  }
  return messages;
}
