import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a server does wrong with one request. */
export type S3Misdeed =
  /** It does what is asked, and the connection breaks before it says so. */
  | 'answer lost'
  /** The connection breaks within the body. */
  | 'body cut'
  | 'conflict'
  | { readonly status: number; readonly code: string };

export interface TinyS3 {
  readonly endpoint: string;
  /** Methods, in their order. */
  readonly requests: string[];
  /** For the next requests, one each. */
  readonly misdeeds: S3Misdeed[];
  close(): Promise<void>;
}

export interface TinyS3Options {
  /** `ignored`: it writes over what is there. `racy`: it looks first and writes later. `unknown`: it refuses them all. */
  readonly conditions?: 'kept' | 'ignored' | 'racy' | 'unknown';
}

/** Enough of S3 to do wrong what real servers do wrong. */
export async function startTinyS3({ conditions = 'kept' }: TinyS3Options = {}): Promise<TinyS3> {
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const misdeeds: S3Misdeed[] = [];

  async function put(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.url ?? '';
    const isConditional = request.headers['if-none-match'] === '*';
    const content = await buffer(request);
    if (isConditional && conditions === 'unknown') {
      refuse(response, 501, 'NotImplemented');
      return;
    }
    const isTaken = isConditional && conditions !== 'ignored' && objects.has(key);
    if (conditions === 'racy') await new Promise((resolve) => setTimeout(resolve, 30));
    if (isTaken) {
      refuse(response, 412, 'PreconditionFailed');
      return;
    }
    objects.set(key, content);
    response.end();
  }

  function get(request: IncomingMessage, response: ServerResponse, isCut: boolean): void {
    const content = objects.get(request.url?.replace(/\?.*/, '') ?? '');
    if (content === undefined) {
      refuse(response, 404, 'NoSuchKey');
      return;
    }
    response.setHeader('content-length', content.length);
    if (!isCut) return void response.end(content);
    response.write(content.subarray(0, content.length / 2), () => response.destroy());
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(request.method ?? '');
    const misdeed = misdeeds.shift();
    if (misdeed === 'conflict') {
      refuse(response, 409, 'ConditionalRequestConflict');
      return;
    }
    if (typeof misdeed === 'object') {
      refuse(response, misdeed.status, misdeed.code);
      return;
    }
    if (misdeed === 'answer lost') response.end = () => response.destroy();
    request.url = request.url?.replace(/\?x-id=\w+$/, '');
    if (request.method === 'PUT') await put(request, response);
    else if (request.method === 'GET') get(request, response, misdeed === 'body cut');
    else if (request.method === 'DELETE') {
      objects.delete(request.url ?? '');
      response.writeHead(204).end();
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misdeeds,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** As real ones do, it repeats what was signed and by whom. */
function refuse(response: ServerResponse, status: number, code: string): void {
  const text = `<Error><Code>${code}</Code><Message>No, ${code}, AKIATESTTESTTESTTEST</Message><AWSAccessKeyId>AKIATESTTESTTESTTEST</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 signed-by-us</StringToSign></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(text);
}
