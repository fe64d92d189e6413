/** What YuniKorn tells of an application once it is over, in one line of its log. */
export interface YunikornSummary {
  readonly applicationId: string;
  /** Microseconds; null: it never happened. */
  readonly submittedAt: bigint | null;
  readonly startedAt: bigint | null;
  readonly finishedAt: bigint | null;
  readonly user: string;
  /** As YuniKorn has it: `root.prod.ads`. */
  readonly queue: string;
  readonly state: string;
  /** Which scheduler, with its partition: `[mycluster]default`. */
  readonly manager: string;
  /** By type of instance and resource, in unit-seconds: what ran, what was preempted, what was held for a gang. */
  readonly used: Tracked;
  readonly preempted: Tracked;
  readonly placeholders: Tracked;
}

export type Tracked = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

const MARK = 'YK_APP_SUMMARY:';
/** In this order; whatever stands round them (a zap field, JSON, a brace) is the log's own. */
const NAMES = [
  'ApplicationID',
  'SubmissionTime',
  'StartTime',
  'FinishTime',
  'User',
  'Queue',
  'State',
  'RmID',
  'ResourceUsage',
  'PreemptedResource',
  'PlaceholderResource',
] as const;

export const isSummaryLine = (line: string): boolean => line.includes(MARK);

/** null: it begins like one and is none. */
export function yunikornSummary(line: string): YunikornSummary | null {
  const texts = fieldsOf(line.slice(line.indexOf(MARK) + MARK.length));
  if (texts === null) return null;
  const [applicationId, submitted, started, finished, user, queue, state, manager, ...held] = texts;
  const [submittedAt, startedAt, finishedAt] = [submitted, started, finished].map(moment);
  const [used, preempted, placeholders] = held.map(trackedFrom);
  if (submittedAt === undefined || startedAt === undefined || finishedAt === undefined) return null;
  if (used == null || preempted == null || placeholders == null) return null;
  return {
    applicationId: applicationId ?? '',
    submittedAt,
    startedAt,
    finishedAt,
    user: user ?? '',
    queue: queue ?? '',
    state: state ?? '',
    manager: manager ?? '',
    used,
    preempted,
    placeholders,
  };
}

/** Each field ends where the next one's name begins: one way through the line, however long it is. */
function fieldsOf(text: string): readonly string[] | null {
  const first = `${NAMES[0]}: `;
  let at = text.indexOf(first);
  if (at === -1) return null;
  at += first.length;
  const fields: string[] = [];
  for (const name of NAMES.slice(1)) {
    const next = `, ${name}: `;
    const end = text.indexOf(next, at);
    if (end === -1) return null;
    fields.push(text.slice(at, end));
    at = end + next.length;
  }
  return [...fields, text.slice(at)];
}

/** Go's zero time lies in the year 1: null. undefined: it is no time. */
function moment(millis: string | undefined): bigint | null | undefined {
  if (millis === undefined || !/^-?\d{1,18}$/.test(millis)) return undefined;
  const value = BigInt(millis);
  return value <= 0n ? null : value * 1_000n;
}

/** `TrackedResource{type:resource=n,…}`, or as Go prints a map: `map[type:map[resource:n …] …]`. */
function trackedFrom(text: string): Tracked | null {
  const flat = /^TrackedResource\{([^{}]*)\}/.exec(text);
  if (flat !== null) return fromPairs((flat[1] ?? '').split(',').filter((pair) => pair !== ''));
  if (text.startsWith('map[')) return fromGoMap(text);
  return /^(<nil>|%!.\(.*=<nil>\))/.test(text) ? new Map() : null;
}

const FLAT_PAIR = /^(.+):([^:=]+)=(-?\d+)$/;

function fromPairs(pairs: readonly string[]): Tracked | null {
  const tracked = new Map<string, Map<string, bigint>>();
  for (const pair of pairs) {
    const [, type, resource, amount] = FLAT_PAIR.exec(pair.trim()) ?? [];
    if (type === undefined || resource === undefined || amount === undefined) return null;
    const resources = tracked.get(type) ?? new Map<string, bigint>();
    tracked.set(type, resources.set(resource, (resources.get(resource) ?? 0n) + BigInt(amount)));
  }
  return tracked;
}

const GO_MAP = /^map\[((?:[^\s[\]]+:map\[[^[\]]*\]\s?)*)\]/;
const GO_TYPE = /([^\s[\]]+):map\[([^[\]]*)\]/g;
const GO_PAIR = /^(.+):(-?\d+)$/;

function fromGoMap(text: string): Tracked | null {
  const whole = GO_MAP.exec(text);
  if (whole === null) return null;
  const pairs: string[] = [];
  for (const [, type = '', inside = ''] of (whole[1] ?? '').matchAll(GO_TYPE)) {
    for (const pair of inside.split(' ').filter((each) => each !== '')) {
      const [, resource, amount] = GO_PAIR.exec(pair) ?? [];
      if (resource === undefined || amount === undefined) return null;
      pairs.push(`${type}:${resource}=${amount}`);
    }
  }
  return fromPairs(pairs);
}
