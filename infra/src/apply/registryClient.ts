/** The schema registry answered what it never should, or not at all. */
export class RegistryFailed extends Error {
  override readonly name = 'RegistryFailed';
  readonly status: number | undefined;

  constructor(what: string, status: number | undefined, detail: string) {
    super(`schema registry: ${what}: ${status === undefined ? '' : `${String(status)} `}${detail}`);
    this.status = status;
  }
}

export interface RegistryClient {
  exists(subject: string): Promise<boolean>;
  /** The subject's own level; undefined when it has none and the global one counts. */
  compatibility(subject: string): Promise<string | undefined>;
  /** @returns false when the registry keeps levels only for subjects that exist. */
  setCompatibility(subject: string, level: string): Promise<boolean>;
  /** Is this very schema a version of the subject already? */
  has(subject: string, schema: string): Promise<boolean>;
  /** Why the schema may not become the next version; empty when it may. */
  incompatibilities(subject: string, schema: string): Promise<readonly string[]>;
  register(subject: string, schema: string): Promise<void>;
}

/** An answer that takes longer counts as none, milliseconds. */
const answerTimeoutMs = 15_000;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(url: string, method: string, body?: unknown): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  } catch (error) {
    throw new RegistryFailed(`${method} ${new URL(url).pathname}`, undefined, String(error));
  }
}

function expectOk(what: string, answer: Answer): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new RegistryFailed(what, answer.status, JSON.stringify(answer.body));
}

/** Talks to any registry with the Confluent API; `url` is its base. */
export function registryClient(url: string): RegistryClient {
  const at = (path: string, subject: string, rest = ''): string =>
    `${url}/${path}/${encodeURIComponent(subject)}${rest}`;
  return {
    // Asked one by one: a registry may cut the list of all subjects short without saying so.
    async exists(subject) {
      const answer = await ask(at('subjects', subject, '/versions'), 'GET');
      if (answer.status === 404) return false;
      expectOk(`versions of ${subject}`, answer);
      return true;
    },
    async compatibility(subject) {
      const answer = await ask(at('config', subject, '?defaultToGlobal=false'), 'GET');
      if (answer.status === 404) return undefined;
      const body = expectOk(`compatibility of ${subject}`, answer);
      return (body as { compatibilityLevel?: string }).compatibilityLevel;
    },
    async setCompatibility(subject, level) {
      const answer = await ask(at('config', subject), 'PUT', { compatibility: level });
      if (answer.status === 404) return false;
      expectOk(`set compatibility of ${subject}`, answer);
      return true;
    },
    async has(subject, schema) {
      const answer = await ask(at('subjects', subject), 'POST', { schema });
      if (answer.status === 404) return false;
      expectOk(`look up ${subject}`, answer);
      return true;
    },
    async incompatibilities(subject, schema) {
      const path = at('compatibility/subjects', subject, '/versions?verbose=true');
      const body = expectOk(`compare ${subject}`, await ask(path, 'POST', { schema }));
      const { is_compatible: ok, messages } = body as {
        is_compatible: boolean;
        messages?: string[];
      };
      return ok ? [] : (messages ?? ['the registry does not say why']);
    },
    async register(subject, schema) {
      const answer = await ask(at('subjects', subject, '/versions'), 'POST', { schema });
      expectOk(`register ${subject}`, answer);
    },
  };
}
