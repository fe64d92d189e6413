import { availableParallelism } from 'node:os';
import { topicManifest } from '@prorata/schemas';
import type { LocalStack } from '../../localStack.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { besideAim, p99Of } from './besideAim.ts';
import { HALF_OF_QUOTAS } from './benchWorkload.ts';
import { LoadGenerator } from './loadGenerator.ts';
import { WARM_UP_MS } from './loadOrder.ts';
import type { LoadOrder, LoadResult } from './loadOrder.ts';

/** A robot that sends as much as it can: more at once than the gateway lets it. */
const ROBOT_CALLERS = 200;
/** What a robot is told to wait it waits, up to this, milliseconds. */
const ROBOT_REST_MS = 1_000;

export interface FloodOptions {
  readonly seconds: number;
}

/** A person's overrides one after the other: alone, and while a robot floods the gateway with changes. */
export async function measureRobot(
  stack: LocalStack,
  load: LoadGenerator,
  tokens: readonly string[],
  { seconds }: FloodOptions,
): Promise<readonly Figure[]> {
  const robotLoad = new LoadGenerator();
  try {
    const robot = await stack.mintToken({ subject: 'flood', kind: 'robot', roles: ['robot'] });
    const shared = {
      url: stack.addresses.gateway,
      warmUpMs: WARM_UP_MS,
      measureMs: seconds * 1_000,
    };
    const person: LoadOrder = {
      ...shared,
      command: 'override',
      callers: 1,
      tokens,
      quotas: { from: 0, count: HALF_OF_QUOTAS },
    };
    const flood: LoadOrder = {
      ...shared,
      command: 'resize',
      callers: ROBOT_CALLERS,
      tokens: [robot],
      quotas: { from: HALF_OF_QUOTAS, count: HALF_OF_QUOTAS },
      restMsMax: ROBOT_REST_MS,
    };
    const alone = await load.run(person);
    const [beside, flooding] = await Promise.all([load.run(person), robotLoad.run(flood)]);
    return figuresOf(alone, beside, flooding);
  } finally {
    robotLoad.stop();
  }
}

function figuresOf(alone: LoadResult, beside: LoadResult, flooding: LoadResult): Figure[] {
  const shared = {
    bench: 'commands',
    partitions: topicManifest.partitions.local,
    cores: availableParallelism(),
    peers: {},
  };
  if (flooding.accepted === 0) {
    throw new Error(`No change of the robot was accepted: ${JSON.stringify(flooding.samples)}`);
  }
  const [quiet, flooded] = [p99Of(alone), p99Of(beside)];
  const changes = flooding.accepted / flooding.seconds;
  return [
    {
      ...shared,
      figure: 'p99 of an override while a robot floods the gateway (floor: without it)',
      unit: 'ms',
      ours: significant(flooded),
      floor: significant(quiet),
      ...besideAim(quiet, flooded),
    },
    {
      ...shared,
      figure: "the robot's changes accepted meanwhile",
      unit: '1/s',
      ours: significant(changes),
      floor: null,
    },
  ];
}
