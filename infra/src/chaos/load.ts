import { randomUUID } from 'node:crypto';
import { postCommand } from '@prorata/service-runtime';

export interface Sent {
  readonly commandId: string;
  readonly quotaId: string;
  answer: 'accepted' | 'refused' | 'unknown';
  /** The first answer was none: it had to be asked again. */
  wasUnknown: boolean;
}

export interface Door {
  readonly gatewayUrls: readonly string[];
  readonly token: string;
  readonly random: () => number;
}

export const applications = ['moka', 'tidb', 'llm', 'kube', 'ads', 'etl'] as const;

/** One try of a caller: longer than the gateway itself waits, milliseconds. */
const TRY_MS = 5_000;
/** Asking again, once everything is back, milliseconds. */
const ASK_MS = 90_000;
const ASKERS = 8;

/** @throws Error when the application cannot be registered in time */
export async function registerApplications(door: Door): Promise<void> {
  for (const application of applications) {
    const answer = await postCommand({
      gatewayUrl: pick(door, door.gatewayUrls),
      token: door.token,
      type: 'RegisterApplication',
      stream: `application:${application}`,
      reason: 'for the load',
      data: {
        displayName: application,
        levels: ['caller'],
        resources: [{ name: 'requests', kind: 'rate', unit: 'request' }],
        defaultMode: 'enforce',
        defaultOnStale: 'hold',
        robotChanges: 'apply',
        proposalLifetimeMicros: 3_600_000_000,
      },
    });
    if (answer.status !== 'accepted') throw new Error(`${application} is ${answer.status}.`);
  }
}

/**
 * One caller: new quotas one after another; now and then one that is there already, which is
 * refused, or a command that it has sent before, with its id.
 */
export async function callUntil(
  caller: number,
  door: Door,
  sent: Sent[],
  done: () => boolean,
): Promise<void> {
  const own: Sent[] = [];
  while (!done()) {
    const dice = door.random();
    const earlier = own.length > 0 && dice < 0.25 ? pick(door, own) : null;
    if (earlier !== null && dice < 0.1) {
      await post(earlier, door);
      continue;
    }
    const application = applications[(caller + own.length) % applications.length];
    const quotaId = earlier?.quotaId ?? `${application ?? ''}/c${caller}-${own.length}`;
    const entry: Sent = { commandId: randomUUID(), quotaId, answer: 'unknown', wasUnknown: false };
    own.push(entry);
    sent.push(entry);
    await post(entry, door);
  }
}

/** Asks for every answer that is unknown, with the id that it had. */
export async function resolveUnknown(door: Door, sent: readonly Sent[]): Promise<void> {
  const open = sent.filter(({ answer }) => answer === 'unknown');
  const ask = async (): Promise<void> => {
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      entry.wasUnknown = true;
      await post(entry, door, ASK_MS);
    }
  };
  await Promise.all(Array.from({ length: ASKERS }, ask));
}

async function post(entry: Sent, door: Door, timeoutMs = TRY_MS): Promise<void> {
  const { status } = await postCommand({
    gatewayUrl: pick(door, door.gatewayUrls),
    token: door.token,
    type: 'CreateQuota',
    stream: `application:${entry.quotaId.split('/')[0] ?? ''}`,
    reason: 'for the load',
    commandId: entry.commandId,
    timeoutMs,
    data: {
      quotaId: entry.quotaId,
      content: {
        owner: 'group:load',
        tier: 2,
        cutPriority: 0,
        labels: {},
        attributes: {},
        limits: [{ resource: 'requests', rate: { amount: 100, per: '1s' } }],
        match: [],
        action: 'refuse',
        rightsizing: [],
      },
    },
  });
  // An answer that was given stays: what the log says must agree with the first and with the last.
  if (status !== 'unknown') entry.answer = status;
}

function pick<T>({ random }: Pick<Door, 'random'>, from: readonly T[]): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new RangeError('There is nothing to pick from.');
  return picked;
}
