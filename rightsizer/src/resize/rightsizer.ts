import { isDeepStrictEqual } from 'node:util';
import type { CommandAnswer } from '@prorata/service-runtime';
import { BATCH_MAX } from '../commandBatches.ts';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import type { Policy, ResizePolicy } from '../policy.ts';
import { lookbackSlots } from '../recommend/classes.ts';
import type { DemandProfile, ProfilesAsked, RolledUsage } from '../rollups/rolledUsage.ts';
import type { Rollups } from '../rollups/rollups.ts';
import { MINUTE_MICROS } from '../rollups/rollupSql.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { FollowedView } from '../view/followView.ts';
import { findResize, isResizable, objectionTo } from './findResize.ts';
import type { Resizable } from './findResize.ts';
import { applicationOf, committedOf, withinRails } from './rails.ts';
import type { Candidate } from './rails.ts';
import { hasLooked, rehearsalCommand, rehearsalStage } from './rehearsal.ts';
import type { Rehearsed } from './rehearsal.ts';
import { resizeCommand } from './resizeCommand.ts';
import type { ResizeTerms } from './resizeCommand.ts';
import { seriesOf } from './seriesOf.ts';
import type { Series } from './seriesOf.ts';
import type { PutOffCode, SkipReason } from './skipReasons.ts';

/** A version of the usage table, and since when applications' usage is in it. */
export type WatchedTable = TableVersion & Pick<UsageSnapshot, 'newestUsage'>;

export interface RightsizerParts {
  readonly view: Pick<FollowedView, 'view' | 'settle'>;
  readonly reader: { newest(): Promise<WatchedTable | null> };
  readonly rollups: {
    of(...asked: Parameters<Rollups['of']>): Promise<Pick<RolledUsage, 'profiles'>>;
    at(...asked: Parameters<Rollups['at']>): Pick<RolledUsage, 'profiles'>;
  };
  readonly freshness: Pick<TableFreshness, 'look' | 'caughtUpAt'>;
  readonly desk: Pick<CommandDesk, 'post' | 'keep'>;
  readonly policy: Policy;
}

/** What became of one resource of one quota in an evaluation. */
export interface ResizeFinding {
  readonly quotaId: string;
  readonly resource: string;
  /** The reason of a skip, or what the gateway answered. */
  readonly result: SkipReason | 'POSTED' | 'REFUSED' | 'UNKNOWN' | 'PUT_OFF';
  /** Of what was put off a PutOffCode; else what the gateway answered. */
  readonly code: CommandAnswer['code'];
  readonly value: bigint | null;
  readonly current: bigint | null;
}

/** What became of the dry run of one application. */
export interface RehearsalFinding {
  readonly application: string;
  readonly result: 'POSTED' | 'REFUSED' | 'UNKNOWN' | 'WAITING';
  readonly code: CommandAnswer['code'];
  readonly wouldChange: number;
}

export interface ResizeEvaluation {
  /** Microseconds. */
  readonly at: bigint;
  /** null: there is no table yet. */
  readonly tableVersion: number | null;
  /** Up to when demand was looked at, microseconds; null: at none. */
  readonly knownTo: bigint | null;
  /** Why nothing at all was looked at. */
  readonly putOff: 'VIEW_BEHIND' | 'TABLE_EMPTY' | null;
  readonly findings: readonly ResizeFinding[];
  /** Of applications whose limits are not changed before it. */
  readonly rehearsals: readonly RehearsalFinding[];
}

/** What an evaluation looks at. */
interface Look {
  readonly table: WatchedTable;
  readonly now: bigint;
  /** null: the table has never been seen to have caught up. */
  readonly knownTo: bigint | null;
  readonly terms: ResizeTerms;
}

/**
 * Looks at every limit's demand, and posts the resizes that it calls for: nothing before the first dry run of a
 * policy is in the log, and never more than the rails allow. It posts `ResizeQuota` and `RecordRehearsal` and
 * nothing else; what it has to remember is in the log.
 */
export class Rightsizer {
  readonly #parts: RightsizerParts;
  /** By quota and resource: until when a refused change is not asked for again, microseconds. */
  readonly #rests = new Map<string, bigint>();

  constructor(parts: RightsizerParts) {
    this.#parts = parts;
  }

  /** @param now microseconds */
  async evaluate(now: bigint): Promise<ResizeEvaluation> {
    const { freshness, reader, view, policy } = this.#parts;
    const nothing = { at: now, tableVersion: null, knownTo: null, findings: [], rehearsals: [] };
    await freshness.look(now);
    const table = await reader.newest();
    if (table === null) return { ...nothing, putOff: 'TABLE_EMPTY' };
    if (!(await view.settle())) return { ...nothing, putOff: 'VIEW_BEHIND' };
    endRests(this.#rests, now);
    const { name, version } = policy;
    const terms = { policyName: name, policyVersion: version, tableVersion: table.version };
    const knownTo = knownToOf(policy.rightsizer, freshness.caughtUpAt(table.positions), now);
    const look: Look = { table, now, knownTo, terms };
    const found = new Found();
    await this.#judge(look, found);
    const rehearsals = await this.#rehearse(look, found);
    const findings = await this.#resize(look, found);
    const { version: tableVersion } = table;
    return { at: now, tableVersion, knownTo, putOff: null, findings, rehearsals };
  }

  async #judge({ table, now, knownTo }: Look, found: Found): Promise<void> {
    const { view, freshness, policy } = this.#parts;
    const { rightsizer } = policy;
    const caughtUpAt = freshness.caughtUpAt(table.positions);
    const newest = await table.newestUsage(now - BigInt(rightsizer.freshnessMs) * 1_000n);
    const wanted = new Map<string, Resizable>();
    for (const state of view.view.applications()) {
      const freshAt = earlier(caughtUpAt, newest.get(state.id));
      for (const series of seriesOf(view.view, state, rightsizer, freshAt)) {
        const objection = objectionTo(series, rightsizer, now);
        if (objection !== null) found.skip(series, objection);
        else if (!isResizable(series)) found.skip(series, 'NO_LIMIT');
        else wanted.set(nameOf(series), series);
      }
    }
    if (wanted.size === 0 || knownTo === null) return;
    for await (const profile of this.#profiles(table, [...wanted.values()], knownTo, now)) {
      const series = wanted.get(nameOf(profile.series));
      if (series === undefined) continue;
      const resize = findResize(series, profile, rightsizer, now);
      if (typeof resize === 'string') found.skip(series, resize);
      else found.candidates.push({ series, found: resize });
    }
  }

  async *#profiles(
    table: WatchedTable,
    wanted: readonly Resizable[],
    to: bigint,
    now: bigint,
  ): AsyncGenerator<DemandProfile> {
    const { rollups, policy } = this.#parts;
    const asked = profilesOf(policy.rightsizer, wanted, to);
    // Shorter steps than those that are rolled up are made from rows: nothing is rolled up for them.
    const isRolledUp = asked.stepMicros % MINUTE_MICROS === 0n;
    const usage = isRolledUp ? await rollups.of(table, now) : rollups.at(table, table.positions);
    for await (const page of usage.profiles(asked)) yield* page;
  }

  /** Posts the dry runs that are due, and takes from the candidates what must wait for one. */
  async #rehearse(look: Look, found: Found): Promise<RehearsalFinding[]> {
    const { view, policy } = this.#parts;
    const rehearsals: RehearsalFinding[] = [];
    for (const state of view.view.applications()) {
      const stage = rehearsalStage(state, policy, look.now);
      if (stage === 'done') continue;
      const rehearsed = found.of(state.id);
      const said = { application: state.id, wouldChange: rehearsed.candidates.length, code: null };
      found.rehearse(rehearsed);
      if (stage === 'waiting') rehearsals.push({ ...said, result: 'WAITING' });
      else if (look.knownTo !== null && hasLooked(rehearsed)) {
        const answer = await this.#postRehearsal(look, rehearsed, look.knownTo);
        rehearsals.push({ ...said, result: resultOf(answer), code: answer.code });
      }
    }
    return rehearsals;
  }

  #postRehearsal(look: Look, rehearsed: Rehearsed, to: bigint): Promise<CommandAnswer> {
    const { desk, policy } = this.#parts;
    const { from } = profilesOf(policy.rightsizer, [], to);
    const command = rehearsalCommand(rehearsed, look.terms, { from, to });
    return desk.post(`rehearsal ${rehearsed.application}`, command);
  }

  async #resize(look: Look, found: Found): Promise<ResizeFinding[]> {
    const { view, policy } = this.#parts;
    const { findings } = found;
    const isResting = ({ series }: Candidate): boolean =>
      (this.#rests.get(nameOf(series)) ?? 0n) > look.now;
    const putOff = ({ series, found: { value } }: Candidate, code: PutOffCode): void =>
      void findings.push(finding(series, 'PUT_OFF', code, value));
    for (const each of found.candidates.filter(isResting)) putOff(each, 'REFUSED_BEFORE');
    const committed = new Map(view.view.applications().flatMap((state) => [...committedOf(state)]));
    const railed = withinRails(
      found.candidates.filter((each) => !isResting(each)),
      committed,
      policy.rightsizer,
    );
    for (const each of railed.putOff) putOff(each, each.code);
    this.#giveUp(look, railed.posted);
    for (let at = 0; at < railed.posted.length; at += BATCH_MAX) {
      const batch = railed.posted.slice(at, at + BATCH_MAX);
      findings.push(...(await Promise.all(batch.map((each) => this.#post(look, each)))));
    }
    return findings;
  }

  /**
   * What was asked without an answer is repeated where it would be asked again; else it would act on grounds that have
   * passed, before what is called for now. Should it have been decided, the quota's version tells.
   */
  #giveUp({ terms }: Look, called: readonly Candidate[]): void {
    const due = new Map(
      called.map(({ series, found }) => [nameOf(series), resizeCommand(series, found, terms)]),
    );
    this.#parts.desk.keep((subject, asked) =>
      asked.type === 'ResizeQuota' ? isSameChange(asked, due.get(subject)) : true,
    );
  }

  async #post({ terms, now }: Look, { series, found }: Candidate): Promise<ResizeFinding> {
    const { desk, policy } = this.#parts;
    const answer = await desk.post(nameOf(series), resizeCommand(series, found, terms));
    if (answer.status === 'refused') {
      this.#rests.set(nameOf(series), now + BigInt(policy.rightsizer.refusalRestMs) * 1_000n);
    }
    return finding(series, resultOf(answer), answer.code, found.value);
  }
}

/** What an evaluation has found so far. */
class Found {
  readonly findings: ResizeFinding[] = [];
  candidates: Candidate[] = [];
  /** By application. */
  readonly #skipped = new Map<string, Map<SkipReason, number>>();

  skip(series: Series, reason: SkipReason): void {
    this.findings.push(finding(series, reason, null, null));
    const application = applicationOf(series);
    const counts = this.#skipped.get(application) ?? new Map<SkipReason, number>();
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
    this.#skipped.set(application, counts);
  }

  /** What would become of one application. */
  of(application: string): Rehearsed {
    const candidates = this.candidates.filter(
      ({ series }) => applicationOf(series) === application,
    );
    return { application, candidates, skipped: this.#skipped.get(application) ?? new Map() };
  }

  /** Nothing is changed of an application before its dry run. */
  rehearse({ candidates }: Rehearsed): void {
    const waiting = new Set(candidates);
    this.candidates = this.candidates.filter((each) => !waiting.has(each));
    for (const { series, found } of candidates) {
      this.findings.push(finding(series, 'REHEARSING', null, found.value));
    }
  }
}

/** Up to where all that was reported is in the table, and has come in; a whole step. */
function knownToOf(policy: ResizePolicy, caughtUpAt: bigint | null, now: bigint): bigint | null {
  if (caughtUpAt === null) return null;
  const settled = now - BigInt(policy.settleMs) * 1_000n;
  return floorTo(caughtUpAt < settled ? caughtUpAt : settled, BigInt(policy.stepMs) * 1_000n);
}

/** What every class needs to look at: as many slots, and newest steps, as the one that looks furthest. */
export function profilesOf(
  { slotMs, stepMs, sizing }: ResizePolicy,
  wanted: readonly Pick<Resizable, 'quotaId' | 'resource' | 'demandOf' | 'limit'>[],
  to: bigint,
): ProfilesAsked {
  const [slotMicros, stepMicros] = [BigInt(slotMs) * 1_000n, BigInt(stepMs) * 1_000n];
  const classes = Object.values(sizing);
  const slots = Math.max(...classes.map((terms) => lookbackSlots(terms)));
  const newest = Math.max(...classes.map(({ newestSlots }) => newestSlots));
  return {
    series: wanted.map(({ quotaId, resource, demandOf, limit }) => ({
      ...{ quotaId, resource, demandOf },
      perMicros: limit.kind === 'rate' ? (limit.perMicros ?? 1_000_000n) : null,
    })),
    from: floorTo(to, slotMicros) - BigInt(slots) * slotMicros,
    to,
    ...{ slotMicros, stepMicros, steps: newest * Number(slotMicros / stepMicros) },
  };
}

function isSameChange(asked: LoopCommand, due: LoopCommand | undefined): boolean {
  const isOfVersion = due?.expectedVersion === asked.expectedVersion;
  return isOfVersion && isDeepStrictEqual(due?.data['limit'], asked.data['limit']);
}

/** Also of quotas that are no more. */
function endRests(rests: Map<string, bigint>, now: bigint): void {
  for (const [name, until] of rests) {
    if (until <= now) rests.delete(name);
  }
}

function resultOf({ status }: CommandAnswer): 'POSTED' | 'REFUSED' | 'UNKNOWN' {
  if (status === 'accepted') return 'POSTED';
  return status === 'refused' ? 'REFUSED' : 'UNKNOWN';
}

function finding(
  { quotaId, resource, limit }: Pick<Series, 'quotaId' | 'resource' | 'limit'>,
  result: ResizeFinding['result'],
  code: ResizeFinding['code'],
  value: bigint | null,
): ResizeFinding {
  return { quotaId, resource, result, code, value, current: limit?.amount ?? null };
}

function nameOf({ quotaId, resource }: Pick<Series, 'quotaId' | 'resource'>): string {
  return `${quotaId} ${resource}`;
}

function earlier(left: bigint | null, right: bigint | undefined): bigint | null {
  if (left === null || right === undefined) return null;
  return left < right ? left : right;
}

function floorTo(value: bigint, step: bigint): bigint {
  return value - (((value % step) + step) % step);
}
