import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { topicManifest } from '@prorata/schemas';
import type { LocalStack } from '../../localStack.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { besideAim, p99Of } from './besideAim.ts';
import { APPLICATIONS, changeOf, HALF_OF_QUOTAS, registrationOf } from './benchWorkload.ts';
import type { LoadGenerator } from './loadGenerator.ts';
import { WARM_UP_MS } from './loadOrder.ts';
import type { LoadOrder, LoadResult } from './loadOrder.ts';
import { accept } from './setTheStage.ts';
import type { SlowValidator } from './slowValidator.ts';
import { VALIDATOR_TAKES_MS } from './slowValidator.ts';

/** Callers of the validator: as many as a gateway lets ask and wait at once, nearly. */
const SLOW_CALLERS = 100;
/** The others: enough of them for a 99th percentile, few enough that no queue of theirs is measured. */
const OTHERS = 10;
/** The projector follows the log of the whole bench before it knows the registration, milliseconds. */
const KNOWN_TIMEOUT_MS = 60_000;
const LOOK_MS = 50;
/** The application whose changes are validated; overrides of its quotas are among what the others send. */
const VALIDATED = 0;

export interface SlowValidationOptions {
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * The others' overrides, of all applications: alone, and while every change of one application waits for
 * a validator that takes 30 s. The projector runs beside both, since it says what is registered.
 * @throws Error when the validator is not asked, or does not keep its callers
 */
export async function measureSlowValidation(
  stack: LocalStack,
  load: LoadGenerator,
  tokens: readonly string[],
  validator: SlowValidator,
  { seconds, signal }: SlowValidationOptions,
): Promise<readonly Figure[]> {
  await stack.start('projector');
  const others: LoadOrder = {
    url: stack.addresses.gateway,
    command: 'override',
    callers: OTHERS,
    tokens,
    quotas: { from: 0, count: HALF_OF_QUOTAS },
    warmUpMs: WARM_UP_MS,
    measureMs: seconds * 1_000,
  };
  const end = new AbortController();
  const waiting = { now: 0 };
  try {
    const alone = await load.run(others);
    await accept(stack.addresses.gateway, tokens[0] ?? '', validated(validator));
    // Whoever is answered at once asks again: until the projector knows the registration, there is no question.
    const callers = Array.from({ length: SLOW_CALLERS }, (_, caller) =>
      keepAsking(stack, tokens, caller, waiting, AbortSignal.any([end.signal, signal])),
    );
    await untilAsked(validator, signal);
    const beside = await load.run(others);
    if (waiting.now < SLOW_CALLERS) {
      throw new Error(`Of ${SLOW_CALLERS} callers of the validator only ${waiting.now} waited.`);
    }
    end.abort();
    await Promise.all(callers);
    return [figureOf(alone, beside)];
  } finally {
    end.abort();
    await stack.stopPart('projector');
  }
}

function validated({ host }: SlowValidator): ReturnType<typeof registrationOf> {
  return registrationOf(VALIDATED, [
    {
      name: 'slow',
      url: `http://${host}/`,
      commands: ['ChangeQuota'],
      resources: [],
      deadlineMillis: VALIDATOR_TAKES_MS,
      retries: 0,
      onUnavailable: 'refuse',
      secretRef: null,
    },
  ]);
}

/** One change after the other until the end; a single one, once its validator is asked. */
async function keepAsking(
  { addresses }: LocalStack,
  tokens: readonly string[],
  caller: number,
  waiting: { now: number },
  signal: AbortSignal,
): Promise<void> {
  const token = tokens[caller % tokens.length] ?? '';
  const isOver = (): boolean => signal.aborted;
  for (let turn = caller; !isOver(); turn += SLOW_CALLERS) {
    waiting.now++;
    try {
      const response = await fetch(`${addresses.gateway}/v1/commands`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify(changeOf(caller * APPLICATIONS, turn)),
        signal,
      });
      await response.text();
      await delay(LOOK_MS, undefined, { signal });
    } catch (error) {
      if (!isOver()) throw error;
    }
    waiting.now--;
  }
}

async function untilAsked(validator: SlowValidator, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + KNOWN_TIMEOUT_MS;
  while (validator.asked === 0) {
    if (performance.now() > endMs) throw new Error('The validator was not asked.');
    await delay(LOOK_MS, undefined, { signal });
  }
}

function figureOf(alone: LoadResult, beside: LoadResult): Figure {
  const [quiet, slowed] = [p99Of(alone), p99Of(beside)];
  return {
    bench: 'commands',
    figure: "others' p99 while a validator takes 30 s (floor: without it)",
    unit: 'ms',
    ours: significant(slowed),
    peers: {},
    floor: significant(quiet),
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
    ...besideAim(quiet, slowed),
  };
}
