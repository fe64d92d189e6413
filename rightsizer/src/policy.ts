import { readFile } from 'node:fs/promises';
import { classPolicies, lookbackSlots } from './recommend/classes.ts';
import type { SizingPolicy } from './recommend/classes.ts';
import type { WorkloadClass } from './recommend/recommendation.ts';
import type { DemandOf } from './rollups/rolledUsage.ts';

/** Under what terms this process writes, resizes and cuts. Evidence names it by name and version. */
export interface Policy {
  readonly name: string;
  readonly version: number;
  readonly sink: {
    /** A file ends at each offset that is a multiple of this. */
    readonly recordsMax: number;
    /** A file ends where the records' log time enters another interval of this length. */
    readonly intervalMs: number;
    /** A file ends when no record has come for this long. */
    readonly idleMs: number;
  };
  /** What is kept of usage in sums, beside the table. */
  readonly rollups: {
    /** Minutes this old are kept as hours and days alone. What the rightsizer looks at must be younger to be fast. */
    readonly minutesMs: number;
    /** Hours this old are kept as days alone. */
    readonly hoursMs: number;
  };
  readonly rightsizer: ResizePolicy;
  readonly throttle: ThrottlePolicy;
  readonly summary: {
    /** How often what quotas have used is summed up for questions. */
    readonly evaluationMs: number;
  };
  readonly ledger: {
    /** How often it looks for periods that can be closed. */
    readonly evaluationMs: number;
  };
  /** Of the usage table's files. */
  readonly compaction: CompactionPolicy;
}

export interface CompactionPolicy {
  readonly evaluationMs: number;
  /** A day is left alone for this long after its end: most of what comes late has come by then. */
  readonly settleMs: number;
  /** Fewer small files of one day and bucket than this are not worth writing anew. */
  readonly filesMin: number;
  /** Of one compacted file: a file this large is left alone. */
  readonly bytesMax: number;
  /** What no kept version names is removed when it is older than this; it may be on its way into a commit. */
  readonly unnamedMs: number;
}

export interface ResizePolicy {
  /** How often it looks. */
  readonly evaluationMs: number;
  /** A limit is sized by the highest step of each slot; terms of sizing count lengths of time in slots. */
  readonly slotMs: number;
  /** Demand is looked at in steps of this length, which divides a slot; hosts' windows should not be longer. */
  readonly stepMs: number;
  /**
   * Whose demand a limit is held against that each host has for itself: see DemandOf. One that hosts share is
   * held against the fleet's.
   */
  readonly demandOf: DemandOf;
  /** Usage younger than this is not looked at: it is still coming in. */
  readonly settleMs: number;
  /** Data older than this is stale: nothing is changed. */
  readonly freshnessMs: number;
  /** How long before the first change of an application the log must have what the policy would have changed. */
  readonly rehearsalMs: number;
  /** A limit is not asked for again this long after a person declined. */
  readonly declinedRestMs: number;
  /** A limit is left alone this long after hosts' health rolled a resize of it back. */
  readonly rolledBackRestMs: number;
  /** After a refusal the same limit is left alone for this long. */
  readonly refusalRestMs: number;
  /** Changes posted in one evaluation, raises first: a fault in the data does not reach the whole fleet at once. */
  readonly changesMax: number;
  /** The same, of one application. */
  readonly applicationChangesMax: number;
  /**
   * What raises may add in one evaluation to what an application has committed of a resource, in basis points of it:
   * the last raise is cut short, the rest wait.
   */
  readonly raisedMaxBasisPoints: number;
  /** How dear a shortage is where neither the quota, one above it nor the application says. */
  readonly classes: Readonly<Record<RightsizedKind, WorkloadClass>>;
  readonly sizing: Readonly<Record<WorkloadClass, SizingTerms>>;
}

/** The kinds of limits that evidence moves; what is consumed over a window is a budget's matter. */
export type RightsizedKind = 'rate' | 'concurrency' | 'capacity';

/** How limits of a class are sized; `SizingPolicy` says what each term means. */
export type SizingTerms = Omit<SizingPolicy, 'workload' | 'isSqueezable'>;

export interface ThrottlePolicy {
  readonly evaluationMs: number;
  /** Usage older than this is stale: nothing is cut. */
  readonly freshnessMs: number;
  /** A cut rests this long before the next step. */
  readonly escalationMs: number;
  /** After a lift within a window no cut follows for this long. */
  readonly cooldownMs: number;
  /** A cut or a lift that was refused is not asked for again for this long. */
  readonly refusalRestMs: number;
  /** A step is cut in so many waves at most, the quotas with the highest cut priority first; each rests like a step. */
  readonly wavesMax: number;
  /** Quotas that one evaluation cuts, over all budgets; the others come at the next. Lifts are not counted. */
  readonly subjectsMax: number;
}

const minute = 60_000;
const hour = 60 * minute;

/** What a file may say of a class: which it is, and what a kind of limits makes of it, it may not. */
function termsOf(workload: WorkloadClass): SizingTerms {
  const named = Object.entries(classPolicies[workload]);
  const terms = named.filter(([name]) => name !== 'workload' && name !== 'isSqueezable');
  return Object.fromEntries(terms) as SizingTerms;
}

/** What holds where the policy file is silent. */
export const productionPolicy: Policy = {
  name: 'production',
  version: 1,
  sink: { recordsMax: 20_000, intervalMs: minute, idleMs: 10_000 },
  rollups: { minutesMs: 35 * 24 * hour, hoursMs: 400 * 24 * hour },
  rightsizer: {
    // As often as there is another step.
    evaluationMs: 5 * minute,
    slotMs: hour,
    stepMs: 5 * minute,
    // Each host holds the whole limit.
    demandOf: 'host',
    settleMs: minute,
    freshnessMs: 15 * minute,
    rehearsalMs: 24 * hour,
    declinedRestMs: 12 * hour,
    rolledBackRestMs: 24 * hour,
    refusalRestMs: 15 * minute,
    changesMax: 100,
    applicationChangesMax: 20,
    raisedMaxBasisPoints: 5_000,
    classes: { rate: 'serving', concurrency: 'serving', capacity: 'serving' },
    sizing: {
      batch: termsOf('batch'),
      serving: termsOf('serving'),
      guaranteed: termsOf('guaranteed'),
    },
  },
  throttle: {
    evaluationMs: minute,
    freshnessMs: 15 * minute,
    escalationMs: 15 * minute,
    cooldownMs: 15 * minute,
    refusalRestMs: 15 * minute,
    wavesMax: 3,
    subjectsMax: 500,
  },
  summary: { evaluationMs: 5 * minute },
  ledger: { evaluationMs: 15 * minute },
  compaction: {
    evaluationMs: 5 * minute,
    settleMs: 6 * hour,
    filesMin: 8,
    // Rows are some thirty times as large when they are sorted: this much stays within the database's
    // memory and what it may spill.
    bytesMax: 32_000_000,
    unnamedMs: hour,
  },
};

/** [least, most] of every number in the file. */
const durationMs = [1, 400 * 24 * hour] as const;
const limits: Readonly<Record<string, readonly [number, number]>> = {
  version: [1, 1_000_000],
  recordsMax: [1, 100_000],
  settleMs: [0, 24 * hour],
  cooldownMs: [0, 24 * hour],
  escalationMs: [0, 24 * hour],
  refusalRestMs: [0, 24 * hour],
  rehearsalMs: [0, 400 * 24 * hour],
  declinedRestMs: [0, 400 * 24 * hour],
  rolledBackRestMs: [0, 400 * 24 * hour],
  stepMs: [100, 24 * hour],
  changesMax: [1, 10_000],
  applicationChangesMax: [1, 10_000],
  raisedMaxBasisPoints: [1, 1_000_000],
  wavesMax: [1, 100],
  subjectsMax: [1, 1_000_000],
  filesMin: [2, 10_000],
  bytesMax: [1_000_000, 10_000_000_000],
  unnamedMs: [30 * minute, 400 * 24 * hour],
};
/** Terms of sizing are numbers of any kind, in slots or as parts of a limit. */
const TERM_MAX = 1_000_000;
const workloads: readonly WorkloadClass[] = ['batch', 'serving', 'guaranteed'];
const choices: Readonly<Record<string, readonly string[]>> = {
  demandOf: ['host', 'fleet'],
  rate: workloads,
  concurrency: workloads,
  capacity: workloads,
};
/** Numbers of one series that are held in memory while it is looked at: fourteen days of hours, many times over. */
const VALUES_MAX = 50_000;
/** The trend compares each day with each: beyond a year of them it would be the larger part of a look. */
const DAYS_MAX = 400;

/** The policy file does not say what it must; every mistake is listed. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The policy file is not usable: ${problems.join('; ')}.`);
    this.problems = problems;
  }
}

/** @param file null: the production policy. @throws PolicyError */
export async function readPolicy(file: string | null): Promise<Policy> {
  if (file === null) return productionPolicy;
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new PolicyError([cause instanceof Error ? cause.message : 'it cannot be read']);
  }
  return policyFrom(json);
}

/** @throws PolicyError */
export function policyFrom(json: unknown): Policy {
  const problems: string[] = [];
  const policy = fill(productionPolicy, json, '', problems) as Policy;
  if (isObject(json) && (json['name'] === undefined || json['version'] === undefined)) {
    problems.push('name and version must be said: evidence refers to them');
  }
  if (problems.length === 0) checkTogether(policy.rightsizer, problems);
  if (problems.length > 0) throw new PolicyError(problems);
  return policy;
}

function fill(preset: object, json: unknown, path: string, problems: string[]): object {
  if (!isObject(json)) {
    problems.push(`${path.slice(0, -1) || 'it'} must be an object`);
    return preset;
  }
  for (const key of Object.keys(json)) {
    if (!(key in preset)) problems.push(`${path}${key} is not a setting`);
  }
  const entries = Object.entries(preset as Record<string, unknown>).map(([key, standard]) => {
    const given = json[key] ?? standard;
    if (isObject(standard)) return [key, fill(standard, given, `${path}${key}.`, problems)];
    if (typeof standard === 'string') return [key, word(given, path, key, problems)];
    return [key, number(given, path, key, problems)];
  });
  return Object.fromEntries(entries) as object;
}

function word(given: unknown, path: string, key: string, problems: string[]): unknown {
  const options = choices[key];
  if (options !== undefined && !options.includes(given as string)) {
    problems.push(`${path}${key} must be one of ${options.join(', ')}`);
  } else if (typeof given !== 'string' || !/^[\w.-]{1,64}$/.test(given)) {
    problems.push(`${path}${key} must be a short name`);
  }
  return given;
}

function number(given: unknown, path: string, key: string, problems: string[]): unknown {
  if (path.startsWith('rightsizer.sizing.')) return term(given, path, key, problems);
  const [least, most] = limits[key] ?? durationMs;
  if (!Number.isInteger(given) || (given as number) < least || (given as number) > most) {
    problems.push(`${path}${key} must be a whole number from ${least} to ${most}`);
  }
  return given;
}

function term(given: unknown, path: string, key: string, problems: string[]): unknown {
  const isNumber = typeof given === 'number' && given >= 0 && given <= TERM_MAX;
  const isCount = /(?:Slots|Days|Steps)$/.test(key);
  if (!isNumber || (isCount && !Number.isInteger(given))) {
    const kind = isCount ? 'whole number' : 'number';
    problems.push(`${path}${key} must be a ${kind} from 0 to ${TERM_MAX}`);
  }
  return given;
}

function checkTogether({ slotMs, stepMs, sizing }: ResizePolicy, problems: string[]): void {
  if (slotMs % stepMs !== 0) problems.push('rightsizer.stepMs must divide slotMs');
  for (const [workload, terms] of Object.entries(sizing)) {
    const at = `rightsizer.sizing.${workload}`;
    const slots = lookbackSlots(terms);
    const steps = terms.newestSlots * (slotMs / stepMs);
    if (slots > VALUES_MAX || steps > VALUES_MAX) {
      problems.push(`${at} looks at more than ${VALUES_MAX} slots or steps`);
    }
    if (terms.newestSlots < 1) problems.push(`${at}.newestSlots must be 1 at least`);
    if (terms.newestSlots < terms.recentSlots) {
      problems.push(`${at}.newestSlots must be recentSlots at least`);
    }
    if (terms.raiseFactor <= 1 || terms.lowerFactor >= 1) {
      problems.push(`${at} would never raise, or never lower`);
    }
    // Beyond it a limit would be lowered to more than it is.
    if (terms.lowerDeadband >= 1) problems.push(`${at}.lowerDeadband must be below 1`);
    if (terms.lookbackDays > DAYS_MAX || terms.seasonDays > DAYS_MAX) {
      problems.push(`${at} looks back more than ${DAYS_MAX} days`);
    }
    if (terms.seasonWeight > 1) problems.push(`${at}.seasonWeight must be 1 at most`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
