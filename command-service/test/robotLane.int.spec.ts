import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '@prorata/kafka-port';
import type { CommandMessage, CommandOutcome } from '@prorata/schemas';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROBOT_LANE_MAX } from '../src/gateway/submit/lanes.ts';
import { createQuota, post } from './commands.ts';
import { deployServing, eventually } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';

const ROBOTS = 3;
const PERSONS_COMMANDS_MIN = 20;

let deployment: TestDeployment;
let url: string;

beforeAll(async () => {
  ({ deployment, url } = await deployServing('moka'));
});
afterAll(() => deployment.close());

/** What a robot sends: there is nothing to lift, which is decided like any other command. */
const lift = {
  type: 'LiftHaircut',
  stream: 'application:moka',
  reason: 'for the test',
  data: { project: 'acme/ads', budgetId: 'month', cause: 'person', spend: '0', budget: '1' },
};

async function sendBatch(token: string): Promise<Response> {
  const commands = Array.from({ length: 500 }, () => lift);
  return fetch(`${url}/v1/commands/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ commands }),
  });
}

it('keeps a person before all that robots have to send, but what is on its way already', async () => {
  let isOver = false;
  let decided = 0;
  const robots = Array.from({ length: ROBOTS }, async (_each, at) => {
    const token = deployment.secrets.token({ sub: `r-${at}`, kind: 'robot', roles: ['robot'] });
    while (!isOver) {
      const answer = await sendBatch(token);
      expect(answer.status).toBe(207);
      const { results } = (await answer.json()) as { results: { status: number }[] };
      for (const { status } of results) expect([200, 202, 429]).toContain(status);
      decided += results.filter(({ status }) => status === 200).length;
    }
  });
  await eventually('the robots are at it', () => Promise.resolve(decided > 500));
  const person = deployment.secrets.token();
  const decidedBefore = decided;
  let sent = 0;
  // Until robots were decided beside them too, which rounds may keep for the pauses between.
  while (sent < PERSONS_COMMANDS_MIN || decided === decidedBefore) {
    expect((await post(url, person, createQuota(`moka/q-${sent}`))).status).toBe(200);
    sent += 1;
    await delay(20);
  }
  isOver = true;
  await Promise.all(robots);
  const ahead = await robotsAhead();
  expect(ahead).toHaveLength(sent + 1);
  expect(Math.max(...ahead)).toBeLessThanOrEqual(ROBOT_LANE_MAX);
});

it('tells a robot that has a batch under way to come again, and no person', async () => {
  const token = deployment.secrets.token({ sub: 'eager', kind: 'robot', roles: ['robot'] });
  const [one, other] = await Promise.all([sendBatch(token), sendBatch(token)]);
  expect([one.status, other.status].sort()).toEqual([207, 429]);
  const paced = one.status === 429 ? one : other;
  expect(paced.headers.get('retry-after')).toBe('1');
  expect(await paced.json()).toMatchObject({ code: 'ROBOT_PACED' });
  expect((await sendBatch(token)).status).toBe(207);
});

/** For each command of a person: the robots' before it in the partition that were not decided when it was written. */
async function robotsAhead(): Promise<number[]> {
  const partition = partitionOf('application:moka', 4);
  const outcomes = new Map<bigint, CommandOutcome>();
  for (const outcome of await deployment.outcomes(partition)) {
    outcomes.set(outcome.commandOffset, outcome);
  }
  const records = await deployment.records('quota.commands', partition);
  const commands = await Promise.all(
    records.map(async ({ offset, value, timestampMs }) => {
      const { envelope } = ((await deployment.codec.decode(value)) as CommandMessage).value;
      const writtenAt = BigInt(timestampMs) * 1_000n;
      return { offset, envelope, writtenAt, decidedAt: outcomes.get(offset)?.decidedAt ?? 0n };
    }),
  );
  const isRobot = (each: (typeof commands)[number]): boolean =>
    each.envelope.actor.kind === 'robot';
  return commands
    .filter((each) => !isRobot(each))
    .map(({ offset, writtenAt }) => {
      const earlier = commands.filter((each) => isRobot(each) && each.offset < offset);
      return earlier.filter(({ decidedAt }) => decidedAt > writtenAt).length;
    });
}
