import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy, eventually } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';
import { startServiceProcess } from './serviceProcess.ts';
import type { ServiceProcess } from './serviceProcess.ts';

const STALL_MS = 3_000;
/** Loaded before the program: at SIGUSR2 its event loop never turns again. */
const BLOCK_AT_SIGNAL = `data:text/javascript,process.on('SIGUSR2',()=>{for(;;);})`;

let deployment: TestDeployment;
const writers: ServiceProcess[] = [];

async function startWriter(): Promise<ServiceProcess> {
  const args = ['--session-timeout-ms', '6000', '--stall-ms', String(STALL_MS)];
  const environment = deployment.environment('writer');
  const writer = await startServiceProcess('writer', environment, args, [
    '--import',
    BLOCK_AT_SIGNAL,
  ]);
  writers.push(writer);
  return writer;
}

beforeAll(async () => {
  deployment = await deploy();
});
afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.kill()));
  await deployment.close();
});

describe('a writer whose event loop is blocked', () => {
  it('ends itself and says why, and its successor serves', async () => {
    const writer = await startWriter();
    await eventually('it serves', () => writer.isServing());
    writer.signal('SIGUSR2');
    const { signal, log } = await writer.ended;
    expect(signal).toBe('SIGKILL');
    expect(log.trim().split('\n').at(-1)).toContain('the event loop was blocked for 3000 ms');
    const successor = await startWriter();
    await eventually('the successor serves', () => successor.isServing());
  });
});

describe('a writer that was frozen as a whole for longer', () => {
  it('goes on when it is thawed', async () => {
    const writer = writers.at(-1)!;
    writer.signal('SIGSTOP');
    await delay(2 * STALL_MS);
    writer.signal('SIGCONT');
    await delay(STALL_MS);
    await eventually('it serves again', () => writer.isServing());
  });
});
