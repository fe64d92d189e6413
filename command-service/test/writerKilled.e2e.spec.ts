import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { postCommand } from '@prorata/service-runtime';
import type { CommandAnswer } from '@prorata/service-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCommandService } from '../src/index.ts';
import { createQuota, post, registerApplication } from './commands.ts';
import { expectEachOnce, expectOneOutcomeEach, expectWholeChains } from './comparedLog.ts';
import type { Sent } from './comparedLog.ts';
import { deploy, eventually } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';
import { startServiceProcess } from './serviceProcess.ts';
import type { ServiceProcess } from './serviceProcess.ts';

const applications = ['moka', 'tidb', 'llm', 'kube', 'ads', 'etl'];
const CLIENTS = 24;
const KILLS = 3;
/** How long a killed writer's partitions wait for their next owner: the tests' broker allows less than others do. */
const SESSION_MS = 3_000;

let deployment: TestDeployment;
let gateway: RunningCommandService;
let token: string;
const writers: ServiceProcess[] = [];

const startWriter = async (): Promise<void> => {
  const args = ['--session-timeout-ms', `${SESSION_MS}`];
  writers.push(await startServiceProcess('writer', deployment.environment('writer'), args));
};

beforeAll(async () => {
  deployment = await deploy();
  token = deployment.secrets.token();
  gateway = await deployment.start('gateway', { outcomeTimeoutMs: 2_000 });
  await Promise.all([startWriter(), startWriter()]);
  for (const application of applications) {
    const { type, stream, reason, data } = registerApplication(application);
    const request = { gatewayUrl: gateway.url, token, type, stream, reason, data };
    const answer = await postCommand(request as Parameters<typeof postCommand>[0]);
    expect(answer.status).toBe('accepted');
  }
});
afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.kill()));
  await deployment.close();
});

/** New quotas, and every fifth time one that is there already and so is refused. */
async function client(number: number, sent: Sent[], done: () => boolean): Promise<void> {
  for (let count = 0; !done(); count++) {
    const name = count % 5 === 4 ? count - 1 : count;
    const application = applications[(number + name) % applications.length]!;
    const body = createQuota(`${application}/c${number}-${name}`);
    const entry: Sent = { commandId: randomUUID(), body, answer: 'unknown' };
    sent.push(entry);
    const { status } = await post(gateway.url, token, body, entry.commandId).catch(() => ({
      status: 0,
    }));
    if (status === 200) entry.answer = 'accepted';
    else if (status >= 400 && status < 500) entry.answer = 'refused';
  }
}

async function killRepeatedly(): Promise<void> {
  for (let kill = 0; kill < KILLS; kill++) {
    await eventually('both writers serve', async () =>
      (await Promise.all(writers.map((writer) => writer.isServing()))).every(Boolean),
    );
    await delay(300 + Math.random() * 700);
    await writers.shift()?.kill();
    await startWriter();
  }
}

async function ask(entry: Sent): Promise<CommandAnswer> {
  const { commandId, body } = entry;
  const request = { gatewayUrl: gateway.url, token, ...body, commandId, timeoutMs: 30_000 };
  return postCommand(request as Parameters<typeof postCommand>[0]);
}

describe('a writer killed with -9 again and again under load', () => {
  it('loses nothing, applies nothing twice, and every unknown answer can be asked again', async () => {
    const sent: Sent[] = [];
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, number) =>
      client(number, sent, () => isOver),
    );
    await killRepeatedly();
    isOver = true;
    await Promise.all(clients);

    const unknown = sent.filter(({ answer }) => answer === 'unknown');
    for (const entry of unknown) {
      const { status } = await ask(entry);
      expect(status).not.toBe('unknown');
      entry.answer = status;
    }
    await expectEachOnce(deployment, sent, applications.length);
    const accepted = sent.filter(({ answer }) => answer === 'accepted').length;
    process.stderr.write(
      `  ${sent.length} sent, ${accepted} accepted, ${unknown.length} unknown at first, ${KILLS} kills\n`,
    );
    expect(accepted).toBeGreaterThan(100);
  });

  it('leaves one outcome a command, and whole chains', async () => {
    await expectOneOutcomeEach(deployment);
    await expectWholeChains(deployment);
  });
});
