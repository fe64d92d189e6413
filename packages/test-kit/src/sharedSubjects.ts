import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A subject of a test's namespace, as `freshNamespace` names them. */
const NAMESPACED = /\/subjects\/t[0-9a-f]{8}\./;

export interface SharedSubjects {
  /** The Confluent API, as the registry's own. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * The run's registry, with the same subjects for every namespace: all tests register the same schemas, which was most
 * of what a namespace took. What succeeded once is answered from memory; ids are the registry's. Tests of the registry
 * itself ask that one.
 */
export async function startSharedSubjects(registryUrl: string): Promise<SharedSubjects> {
  const answers = new Map<string, Promise<Answer>>();
  const answerTo = (method: string, path: string, body: string): Promise<Answer> => {
    const key = `${method} ${path} ${body}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(`${registryUrl}${path}`, method, body);
    answers.set(key, answer);
    const forget = (): void => void answers.delete(key);
    answer.then(({ status }) => (status === 200 ? undefined : forget()), forget);
    return answer;
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(NAMESPACED, '/subjects/');
    textOf(request)
      .then((body) => answerTo(request.method ?? 'GET', path, body))
      .then(({ status, text }) => response.writeHead(status, JSON_TYPE).end(text))
      .catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/vnd.schemaregistry.v1+json' };

async function ask(url: string, method: string, body: string): Promise<Answer> {
  const sent = body === '' ? {} : { body };
  const response = await fetch(url, { method, headers: JSON_TYPE, ...sent });
  return { status: response.status, text: await response.text() };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
