import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningCommandService } from '../src/index.ts';
import { createQuota, post, registerApplication } from './commands.ts';
import { deploy, eventually, isReady } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';

let deployment: TestDeployment;
let gateway: RunningCommandService;
let writer: RunningCommandService;
let token: string;

beforeAll(async () => {
  deployment = await deploy();
  token = deployment.secrets.token();
  [gateway, writer] = await Promise.all([
    deployment.start('gateway', { outcomeTimeoutMs: 3_000 }),
    deployment.start('writer'),
  ]);
  await eventually(
    'gateway and writer are ready',
    async () =>
      (await isReady(gateway.url)) && (await isReady(writer.url)) && (await owns(writer.url, 4)),
  );
});
afterAll(() => deployment.close());

async function owns(url: string, partitions: number): Promise<boolean> {
  const { checks } = (await (await fetch(`${url}/readyz`)).json()) as {
    checks: { name: string; ok: boolean }[];
  };
  return checks.filter(({ name, ok }) => ok && name.startsWith('partition')).length === partitions;
}

describe('a command through the gateway', () => {
  it('becomes an event and is answered', async () => {
    const answer = await post(gateway.url, token, registerApplication('moka', 'Moka'));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      commandId: answer.commandId,
      status: 'accepted',
      code: 'ACCEPTED',
      streamVersion: 1,
      actor: { kind: 'user', subject: 'tester' },
    });
    const events = await deployment.events();
    const [event] = events.filter((each) => each.value.envelope.stream === 'application:moka');
    expect(event?.type).toBe('ApplicationRegistered');
    expect(event?.value.envelope).toMatchObject({
      commandId: answer.commandId,
      streamVersion: 1n,
      cause: 'command',
    });
    expect(answer.body['eventIds']).toEqual([event?.value.envelope.eventId]);
  });

  it('that the model refuses is a problem with its code, and no event', async () => {
    const before = (await deployment.events()).length;
    const answer = await post(gateway.url, token, createQuota('nowhere/a'));
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
    expect(answer.body).toMatchObject({
      code: 'APPLICATION_UNKNOWN',
      outcome: { status: 'refused', commandId: answer.commandId },
    });
    expect((await deployment.events()).length).toBe(before);
  });
});
