const REDACTED = '[redacted]';
const SECRET_NAME =
  /authorization|cookie|password|passwd|secret|token|private_?key|api[-_]?key|credential/i;
/** Names that match above and hold no secret. */
const HARMLESS_NAME = /^(tokens?|tokensPer\w*)$/;
/**
 * A JWT, an API key, a bearer or basic header, the user part of a URL, `password=…`, `"password":"…"`: wherever in
 * a line they turn up, messages and stacks included.
 */
const SECRET_TEXT =
  /(eyJ[\w-]{5,}\.[\w-]+\.[\w-]+)|(prk_[a-z0-9]{12}_[\w-]+)|(?<=\bBearer )[^\s"\\]+|(?<=\bBasic )[\w+/=-]{4,}|(?<=:\/\/)[^\s"/@\\]+:[^\s"/@\\]+(?=@)|(?<=\b(?:password|passwd|secret|token)=)[^\s&"\\]+|(?<=\b(?:password|passwd|secret)\\?"\s?:\s?\\?")[^"\\]+/gi;
/** Deeper objects are cut off rather than searched: nobody logs them on purpose. */
const DEPTH_MAX = 6;
/** Values in one line: an error may carry a socket, and with it half of the process. */
const VALUES_MAX = 1_000;

/** A log line without what looks like a secret in its text. */
export function textWithoutSecrets(line: string): string {
  return line.replace(SECRET_TEXT, REDACTED);
}

/** The fields of a log line, without what is a secret by its name; errors as plain fields. */
export function withoutSecrets(fields: Record<string, unknown>): Record<string, unknown> {
  return cleanFields(fields, 0, { left: VALUES_MAX });
}

interface Budget {
  left: number;
}

function clean(value: unknown, depth: number, budget: Budget): unknown {
  budget.left--;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX || budget.left <= 0) return '[deep]';
  if (Buffer.isBuffer(value)) return `[${value.length} bytes]`;
  if (value instanceof Error) return cleanError(value, depth, budget);
  if (Array.isArray(value)) {
    const items = value.slice(0, Math.max(budget.left, 0));
    return items.map((item) => clean(item, depth + 1, budget));
  }
  return cleanFields(value, depth, budget);
}

function cleanFields(value: object, depth: number, budget: Budget): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    if (budget.left <= 0) break;
    cleaned[name] = isSecret(name, item) ? REDACTED : clean(item, depth + 1, budget);
  }
  return cleaned;
}

/** An error's own properties are fields like any others: a client keeps its request there, headers and all. */
function cleanError(error: Error, depth: number, budget: Budget): Record<string, unknown> {
  const { message, stack, cause } = error;
  const all = error instanceof AggregateError ? { errors: error.errors as unknown } : {};
  return {
    ...cleanFields(error, depth, budget),
    type: error.constructor.name,
    message,
    stack,
    ...(cause === undefined ? {} : { cause: clean(cause, depth + 1, budget) }),
    ...cleanFields(all, depth, budget),
  };
}

function isSecret(name: string, value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return false;
  if (HARMLESS_NAME.test(name) && typeof value !== 'string') return false;
  return SECRET_NAME.test(name);
}
