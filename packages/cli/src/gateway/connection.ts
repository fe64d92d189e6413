import { readFile } from 'node:fs/promises';
import { CommandError } from '../commandError.ts';

/** Where commands and questions go, and as whom. The token is never printed. */
export interface Connection {
  readonly gatewayUrl: string;
  readonly token: string;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * `PRORATA_URL` with `PRORATA_TOKEN` or `PRORATA_TOKEN_FILE`; else the local stack, as its administrator
 * unless a token says otherwise.
 * @throws CommandError when there is neither, or a token would travel in clear
 */
export async function findConnection(environment = process.env): Promise<Connection> {
  const { PRORATA_URL: url } = environment;
  const token = await givenToken(environment);
  if (url !== undefined && url !== '') {
    if (token !== null) return { gatewayUrl: safeUrl(url, environment), token };
    throw new CommandError(
      'PRORATA_URL is set, and no token: set PRORATA_TOKEN_FILE to a file that has one, or PRORATA_TOKEN.',
    );
  }
  return localConnection(token);
}

async function givenToken(environment: NodeJS.ProcessEnv): Promise<string | null> {
  const { PRORATA_TOKEN: token, PRORATA_TOKEN_FILE: file } = environment;
  if (token !== undefined && token !== '') return headerSafe(token, 'PRORATA_TOKEN');
  if (file === undefined || file === '') return null;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`PRORATA_TOKEN_FILE cannot be read: ${(error as Error).message}`);
  });
  return headerSafe(text.trim(), 'PRORATA_TOKEN_FILE');
}

/** What a header cannot carry is named by its place alone: a fault of the client would print it. */
function headerSafe(token: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(`${place} holds no token: one is printable characters without spaces.`);
}

/** @throws CommandError for an address that is none, or would carry a token in clear over a network */
function safeUrl(text: string, environment: NodeJS.ProcessEnv): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '') {
    throw new CommandError(
      'PRORATA_URL must be the http or https address of a gateway, without a name in it.',
    );
  }
  const isSafe = url.protocol === 'https:' || LOOPBACK.has(url.hostname);
  if (isSafe || environment['PRORATA_ALLOW_HTTP'] === '1') return text.replace(/\/+$/, '');
  throw new CommandError(
    `${url.host} would get the token in clear: use https, or set PRORATA_ALLOW_HTTP=1 where the network is trusted.`,
  );
}

async function localConnection(token: string | null): Promise<Connection> {
  // The parts of a stack are not loaded for this: they take longer than most questions.
  const { findLocalGateway } = await import('@prorata/infra/localGateway');
  const { stackDirectory } = await import('../stackDirectory.ts');
  const found = await findLocalGateway(stackDirectory());
  if (found === undefined) {
    throw new CommandError(
      'There is no stack yet: ./prorata up starts one. For another gateway set PRORATA_URL and PRORATA_TOKEN_FILE.',
    );
  }
  const { gatewayUrl, secretsDirectory } = found;
  return { gatewayUrl, token: token ?? (await administratorToken(secretsDirectory)) };
}

async function administratorToken(secretsDirectory: string): Promise<string> {
  const { mintToken } = await import('@prorata/infra/mintToken');
  const { roles } = await import('@prorata/service-runtime/roles');
  return mintToken(secretsDirectory, { subject: 'local-admin', kind: 'user', roles });
}
