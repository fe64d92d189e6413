import { randomUUID } from 'node:crypto';

/** The body of a command as a client posts it. */
export interface CommandBody {
  readonly type: string;
  readonly stream: string;
  readonly reason: string;
  readonly data: Record<string, unknown>;
  readonly expectedVersion?: number;
  readonly dryRun?: boolean;
}

export function registerApplication(id: string, displayName = id): CommandBody {
  return {
    type: 'RegisterApplication',
    stream: `application:${id}`,
    reason: 'for the test',
    data: {
      displayName,
      levels: ['environment', 'team'],
      resources: [{ name: 'requests', kind: 'rate', unit: 'request' }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 3_600_000_000,
    },
  };
}

export function createQuota(quotaId: string, perSecond = 100): CommandBody {
  return {
    type: 'CreateQuota',
    stream: `application:${quotaId.split('/')[0] ?? ''}`,
    reason: 'for the test',
    data: {
      quotaId,
      content: {
        owner: 'group:test',
        tier: 2,
        cutPriority: 0,
        labels: {},
        attributes: {},
        limits: [{ resource: 'requests', rate: { amount: perSecond, per: '1s' } }],
        match: [],
        action: 'refuse',
        rightsizing: [],
      },
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
  readonly commandId: string;
}

export async function post(
  url: string,
  token: string,
  body: unknown,
  commandId: string = randomUUID(),
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/commands`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': commandId,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const answered = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body: answered, headers: response.headers, commandId };
}
