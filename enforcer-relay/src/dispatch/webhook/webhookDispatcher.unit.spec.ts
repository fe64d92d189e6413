import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guardedRequest, HostNotAllowed, mustBeAllowed } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { checksumOf, holdingOf } from '../checksum.ts';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';
import { rulesFormat } from '../rules/rulesFormat.ts';
import { dispatcherContract } from '../testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../testing/dispatcher.contract.ts';
import { ratePerSecond, resource } from '../testing/dispatchedSets.ts';
import { noAccess } from '../testing/targetAccess.ts';
import { webhookDispatcher } from './webhookDispatcher.ts';

const SECRET = 'very-secret-key';

class Receiver {
  holds: string | null = null;
  writes = 0;
  status = 200;
  headers: IncomingHttpHeaders = {};
  body = '';
  readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.headers = request.headers;
        this.body = Buffer.concat(chunks).toString();
        if (this.status === 200 && request.method === 'POST') {
          this.holds = this.body;
          this.writes++;
        }
        response.writeHead(this.status, { location: 'http://127.0.0.1:1/' });
        const checksum = this.holds === null ? null : checksumOf(this.holds);
        response.end(JSON.stringify({ checksum }));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function begun(settings: object) {
  const receiver = new Receiver();
  const host = await receiver.listen();
  const access: TargetAccess = {
    ...noAccess,
    hosts: new Set([host]),
    secret: () => Promise.resolve(`hmac ${SECRET}`),
    async request(request) {
      mustBeAllowed(request.url, access.hosts);
      return guardedRequest(request);
    },
  };
  const dispatcher = {
    name: 'hook',
    kind: 'webhook',
    target: `http://${host}/limits`,
    secretRef: 'hook-key',
    settings: JSON.stringify(settings),
  } as const;
  return { receiver, access, dispatcher, host };
}

const open = (settings: object) => async (): Promise<TargetUnderTest> => {
  const { receiver, access, dispatcher } = await begun(settings);
  return {
    place: () => webhookDispatcher.place(dispatcher, access),
    holds: () => Promise.resolve(receiver.holds),
    writes: () => receiver.writes,
    changeIt: () => Promise.resolve(void (receiver.holds = 'something else')),
    setReachable: (isReachable) => void (receiver.status = isReachable ? 200 : 503),
    close: () => receiver.close(),
  };
};

const subject = {
  dispatcher: {
    name: 'hook',
    kind: 'webhook',
    target: 'http://127.0.0.1/limits',
    secretRef: 'hook-key',
    settings: null,
  } as const,
  format: rulesFormat,
  resources: [resource('tokens', 'rate', 'token')],
  limits: (amount: bigint | 'blocked' | 'unlimited') => [ratePerSecond('tokens', amount)],
  secrets: [SECRET],
};

dispatcherContract('A webhook that tells what it took', {
  ...subject,
  open: open({ readBack: true }),
});
dispatcherContract('A webhook that tells nothing', {
  ...subject,
  open: open({}),
  isReadBack: false,
});

describe('a webhook', () => {
  const signal = new AbortController().signal;
  const none = holdingOf(null);

  it('gets the text signed, with whose it is and a key by which it tells it twice', async () => {
    const { receiver, access, dispatcher } = await begun({});
    await webhookDispatcher.place(dispatcher, access).write('the text', none, signal);
    const signature = createHmac('sha256', SECRET).update('1800000000.the text').digest('hex');
    expect(receiver.headers).toMatchObject({
      'prorata-signature': `t=1800000000,v1=${signature}`,
      'prorata-application': 'moka',
      'prorata-dispatcher': 'hook',
      'idempotency-key': checksumOf('the text'),
    });
    expect(receiver.body).toBe('the text');
    await receiver.close();
  });

  it.each([
    [400, TargetRefused],
    [302, TargetRefused],
    [429, TargetUnreachable],
    [500, TargetUnreachable],
  ])(
    'that answers %s is told apart: it said no, or it may take it later',
    async (status, error) => {
      const { receiver, access, dispatcher } = await begun({});
      receiver.status = status;
      const place = webhookDispatcher.place(dispatcher, access);
      await expect(place.write('the text', none, signal)).rejects.toThrow(error);
      await receiver.close();
    },
  );

  it('is sent nothing where the operator has not allowed its host', async () => {
    const { receiver, access, dispatcher } = await begun({});
    const refusing: TargetAccess = {
      ...access,
      hosts: new Set(),
      request: (request) => {
        mustBeAllowed(request.url, new Set());
        return guardedRequest(request);
      },
    };
    const place = webhookDispatcher.place(dispatcher, refusing);
    await expect(place.write('the text', none, signal)).rejects.toThrow(HostNotAllowed);
    expect(receiver.writes).toBe(0);
    await receiver.close();
  });
});
