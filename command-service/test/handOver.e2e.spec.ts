import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { postCommand } from '@prorata/service-runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createQuota, post, registerApplication } from './commands.ts';
import type { Answer, CommandBody } from './commands.ts';
import { expectEachOnce, expectOneOutcomeEach, expectWholeChains } from './comparedLog.ts';
import type { Sent } from './comparedLog.ts';
import { deploy, eventually, partitionsServed } from './runningService.ts';
import type { TestDeployment } from './runningService.ts';
import { startServiceProcess } from './serviceProcess.ts';
import type { ServiceProcess } from './serviceProcess.ts';

/** At least one stream in every partition. */
const applications = ['moka', 'tidb', 'llm', 'kube', 'ads', 'etl'];
const CALLERS = 20;
/** Between two commands of one caller: a steady load, and not all that the machine can do, milliseconds. */
const PAUSE_MS = 20;
/** Load before, between and after what happens to the instances, milliseconds. */
const STRETCH_MS = 1_000;
/** What a writer may take to end: its batch, its goodbye to the group, milliseconds. */
const WRITER_END_MS_MAX = 10_000;
/** A gateway's: 3 s for outcomes that are awaited, 1 s for last answers, 5 s for those under way, milliseconds. */
const GATEWAY_END_MS_MAX = 10_000;
/** Commands that are sent once more when all is over. */
const ASKED_AGAIN = 60;

/** How a command was answered, the outcome as JSON where there was one. */
interface Answered extends Sent {
  outcome: unknown;
  repeated: number;
}

let deployment: TestDeployment;
let token: string;
const processes: ServiceProcess[] = [];

async function start(role: 'gateway' | 'writer'): Promise<ServiceProcess> {
  const started = await startServiceProcess(role, deployment.environment(role));
  processes.push(started);
  return started;
}

const isReady = async ({ url }: ServiceProcess): Promise<boolean> =>
  (await fetch(`${url}/readyz`)).ok;

beforeAll(async () => {
  deployment = await deploy();
  token = deployment.secrets.token();
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.kill()));
  await deployment.close();
});

/** As behind a load balancer: all at the first gateway until one hears that it ends, at the next one then. */
class Callers {
  readonly sent: Answered[] = [];
  /** What no caller should see: a connection that broke under a command, or a fault. */
  readonly faults: string[] = [];
  readonly #gateways: string[] = [];
  readonly #running: Promise<void>[] = [];
  #gateway = 0;
  #isOver = false;

  addGateway(url: string): void {
    this.#gateways.push(url);
  }

  start(): void {
    for (let caller = 0; caller < CALLERS; caller++) this.#running.push(this.#call(caller));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** New quotas; every fifth is there already and so is refused, every seventh is sent twice. */
  async #call(caller: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const name = count % 5 === 4 ? count - 1 : count;
      const application = applications[(caller + name) % applications.length]!;
      const body = createQuota(`${application}/c${caller}-${name}`);
      const entry = newEntry(body);
      this.sent.push(entry);
      await this.#send(entry);
      if (count % 7 === 6) await this.#send(entry);
      await delay(PAUSE_MS);
    }
  }

  /** Until a gateway takes it: one that ends says so, or listens no more. */
  async #send(entry: Answered, at = this.#gateway): Promise<void> {
    const url = this.#gateways[at];
    if (url === undefined) {
      this.faults.push('no gateway takes it');
      return;
    }
    try {
      const answer = await post(url, token, entry.body, entry.commandId);
      if (isEnding(answer)) await this.#sendToNext(entry, at);
      else this.#keep(entry, answer);
    } catch (error) {
      if (isNobodyThere(error)) await this.#sendToNext(entry, at);
      else this.faults.push(`${String(error)}: ${String((error as Error).cause)}`);
    }
  }

  #sendToNext(entry: Answered, at: number): Promise<void> {
    this.#gateway = Math.max(this.#gateway, at + 1);
    return this.#send(entry, at + 1);
  }

  #keep(entry: Answered, { status, body }: Answer): void {
    if (status === 202) return;
    if (status >= 500) this.faults.push(`${status} ${String(body['code'])}`);
    const outcome = status === 200 ? body : body['outcome'];
    if (entry.outcome !== undefined) {
      if (isSameDecision(entry.outcome, outcome)) entry.repeated++;
      else this.faults.push(`another outcome: ${JSON.stringify([entry.outcome, outcome])}`);
    }
    entry.outcome ??= outcome;
    entry.answer = status === 200 ? 'accepted' : 'refused';
  }
}

function newEntry(body: CommandBody): Answered {
  return { commandId: randomUUID(), body, answer: 'unknown', outcome: undefined, repeated: 0 };
}

const isEnding = ({ status, body }: Answer): boolean =>
  status === 503 && body['code'] === 'SHUTTING_DOWN';

/** Nothing was sent: unlike a reset, which leaves it open what became of the command. */
const isNobodyThere = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';

/** The first outcome again: all that was decided, at another offset. */
function isSameDecision(first: unknown, again: unknown): boolean {
  const decision = (outcome: unknown): string => {
    const { status, code, message, streamVersion, eventIds, decidedAt } = outcome as Record<
      string,
      unknown
    >;
    return JSON.stringify([status, code, message, streamVersion, eventIds, decidedAt]);
  };
  return decision(first) === decision(again);
}

/** SIGTERM, and the end with 0. @returns how long it took, milliseconds */
async function terminate(each: ServiceProcess): Promise<number> {
  const beganMs = performance.now();
  each.signal('SIGTERM');
  const { code, signal, log } = await each.ended;
  expect([code, signal], log.split('\n').slice(-5).join('\n')).toEqual([0, null]);
  return performance.now() - beganMs;
}

async function decidedBy({ url }: ServiceProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = [...text.matchAll(/^prorata_writer_commands_total\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

it('instances join and leave under load: partitions change hands, everybody is answered, all is decided once', async () => {
  const callers = new Callers();
  const [writer, gateway] = await Promise.all([start('writer'), start('gateway')]);
  await eventually('the gateway is ready', () => isReady(gateway));
  for (const application of applications) {
    const answer = await post(gateway.url, token, registerApplication(application));
    expect(answer.status).toBe(200);
  }
  callers.addGateway(gateway.url);
  callers.start();
  await delay(STRETCH_MS);

  const secondWriter = await start('writer');
  await eventually('each of both writers serves some partitions', async () => {
    const [one, other] = await Promise.all([writer, secondWriter].map(partitionsServed));
    return one!.length > 0 && other!.length > 0 && one!.length + other!.length === 4;
  });
  const [decidedBefore, secondBefore] = await Promise.all([writer, secondWriter].map(decidedBy));
  await delay(STRETCH_MS);
  expect(await decidedBy(writer)).toBeGreaterThan(decidedBefore!);
  expect(await decidedBy(secondWriter)).toBeGreaterThan(secondBefore!);

  const writerEndMs = await terminate(writer);
  expect(writerEndMs).toBeLessThan(WRITER_END_MS_MAX);
  await eventually(
    'the second writer serves all',
    async () => (await partitionsServed(secondWriter)).length === 4,
  );
  await delay(STRETCH_MS);

  const secondGateway = await start('gateway');
  await eventually('the second gateway is ready', () => isReady(secondGateway));
  callers.addGateway(secondGateway.url);
  const gatewayEndMs = await terminate(gateway);
  expect(gatewayEndMs).toBeLessThan(GATEWAY_END_MS_MAX);
  await delay(STRETCH_MS);
  await callers.end();

  expect(callers.faults).toEqual([]);
  const { sent } = callers;
  const unknown = sent.filter(({ answer }) => answer === 'unknown');
  for (const entry of unknown) await resolve(entry, secondGateway.url);
  await repeatSome(sent, secondGateway.url);

  const accepted = sent.filter(({ answer }) => answer === 'accepted').length;
  process.stderr.write(
    `  ${sent.length} sent, ${accepted} accepted, ${unknown.length} unknown at first; ` +
      `the writer ended in ${Math.round(writerEndMs)} ms, the gateway in ${Math.round(gatewayEndMs)} ms\n`,
  );
  expect(accepted).toBeGreaterThan(100);
  await expectEachOnce(deployment, sent, applications.length);
  await expectWholeChains(deployment);
  const outcomes = await expectOneOutcomeEach(deployment);
  for (const { commandId } of sent) {
    const [first, ...again] = outcomes.get(commandId) ?? [];
    expect([commandId, first?.firstOffset]).toEqual([commandId, null]);
    for (const { firstOffset } of again) expect(firstOffset).toBe(first?.commandOffset);
  }
});

async function resolve(entry: Answered, gatewayUrl: string): Promise<void> {
  const { commandId, body } = entry;
  const request = { gatewayUrl, token, ...body, commandId, timeoutMs: 30_000 };
  const { status } = await postCommand(request as Parameters<typeof postCommand>[0]);
  expect(status).not.toBe('unknown');
  entry.answer = status;
}

/** Of the whole run, so that some were decided by a writer, and answered by a gateway, that has ended. */
async function repeatSome(sent: readonly Answered[], url: string): Promise<void> {
  const step = Math.max(1, Math.floor(sent.length / ASKED_AGAIN));
  const some = sent.filter(({ outcome }, at) => at % step === 0 && outcome !== undefined);
  expect(some.length).toBeGreaterThan(ASKED_AGAIN / 2);
  for (const { commandId, body, outcome } of some) {
    const answer = await post(url, token, body, commandId);
    const again = answer.status === 200 ? answer.body : answer.body['outcome'];
    expect(again).toMatchObject({ commandId });
    expect(isSameDecision(outcome, again)).toBe(true);
  }
}
