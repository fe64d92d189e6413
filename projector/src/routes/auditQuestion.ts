import { timeFromJson, timeToJson } from '@prorata/schemas';
import { applicationOf, isProjectId, isQuotaId, streamOf } from '@prorata/quota-model';
import type { Reach } from '@prorata/service-runtime';
import type { Request } from 'express';
import type { Pool } from 'pg';
import { indexedText } from '../rows/indexedText.ts';
import { auditCondition, mustReachInto, treeCondition } from './access.ts';
import { WordsUnusable, wordsCondition } from './auditWords.ts';
import type { Condition, Filters } from './filters.ts';
import { namingProposals } from './namingProposals.ts';
import type { Parameters } from './parameters.ts';
import { payingQuotas } from './payingQuotas.ts';
import { withinIn } from './within.ts';

/** What is asked of the audit log; null: anything. All that is given must hold. */
export interface AuditQuestion {
  readonly stream: string | null;
  readonly quotaId: string | null;
  readonly within: string | null;
  readonly project: string | null;
  readonly actor: string | null;
  readonly kind: string | null;
  readonly types: readonly string[] | null;
  readonly codes: readonly string[] | null;
  readonly commandId: string | null;
  readonly words: Condition | null;
  /** RFC 3339. */
  readonly from: string | null;
  readonly until: string | null;
}

/** The parameters that say it. */
export const auditQuestions = [
  ...['stream', 'quotaId', 'within', 'project', 'actor', 'kind', 'type', 'code', 'commandId'],
  ...['words', 'from', 'until'],
] as const;

/** Names of one list: each is a look into an index. */
const NAMES_MAX = 50;
const ACTOR = /^(user|service|robot):(.+)$/;

/** @throws Problem 403 when it asks for what is not within reach */
export function auditQuestionIn(request: Request, parameters: Parameters): AuditQuestion {
  const kind = parameters.oneOf('kind', ['event', 'refusal', 'all'], 'all');
  return {
    stream: streamIn(request, parameters),
    quotaId: parameters.text('quotaId'),
    within: withinIn(request, parameters),
    project: projectIn(parameters),
    actor: parameters.text('actor'),
    kind: kind === 'all' ? null : kind,
    types: namesIn(parameters, 'type'),
    codes: namesIn(parameters, 'code'),
    // Whole in its column, however long: its index holds digests.
    commandId: parameters.text('commandId'),
    words: wordsIn(parameters),
    from: timeIn(parameters, 'from'),
    until: timeIn(parameters, 'until'),
  };
}

/** The conditions that hold for every row of an answer. */
export function narrowAudit(filters: Filters, question: AuditQuestion, reach: Reach): Filters {
  const { stream, within, actor, kind, types, codes, commandId, words, from, until } = question;
  filters.equal('stream', stream).within(reach, auditCondition);
  if (within !== null) narrowWithin(filters, within);
  filterActor(filters.equal('kind', kind).equal('command_id', commandId), actor);
  if (types !== null) anyOf(filters, 'type', types);
  if (codes !== null) anyOf(filters, 'code', codes);
  if (words !== null) filters.addCondition(words);
  if (from !== null) filters.add('decided_at >= ?::timestamptz', from);
  if (until !== null) filters.add('decided_at < ?::timestamptz', until);
  return filters;
}

/**
 * Conditions of which one holds for each row, with no row in two of them; none: there is no such condition.
 * @throws Problem 422 when a project pays for more quotas than a search looks through
 */
export async function auditListsOf(
  pool: Pick<Pool, 'query'>,
  { quotaId, project, within }: AuditQuestion,
): Promise<readonly Condition[]> {
  const ofQuota = quotaId === null ? null : { sql: 'quota_id = ?', values: [quotaId] };
  if (project !== null) {
    const ofProject = await payingQuotas(pool, project, within);
    return ofQuota === null ? ofProject : ofProject.map((list) => both(list, ofQuota));
  }
  if (quotaId === null || ofQuota === null) return [];
  const naming = await namingProposals(pool, quotaId);
  return naming === null ? [ofQuota] : [ofQuota, naming];
}

const both = (one: Condition, other: Condition): Condition => ({
  sql: `(${one.sql}) AND (${other.sql})`,
  values: [...one.values, ...other.values],
});

/** An application's stream has what is about no one quota, too. */
function narrowWithin(filters: Filters, within: string): void {
  filters.add('stream = ?', streamOf('application', applicationOf(within)));
  if (isQuotaId(within)) filters.addCondition(treeCondition(within));
}

/** One name walks its index in order; of several each would have to be sorted among the others. */
function anyOf(filters: Filters, column: string, names: readonly string[]): void {
  if (names.length === 1) filters.equal(column, names[0]);
  else filters.add(`${column} = ANY(?::text[])`, names);
}

/** `user:alice`, or the subject alone. */
function filterActor(filters: Filters, actor: string | null): void {
  if (actor === null) return;
  const [, kind = null, subject = actor] = ACTOR.exec(actor) ?? [];
  filters.equal('actor_kind', kind).equal('actor_subject', indexedText(subject));
}

/** Who may see parts of applications alone may ask for no other stream. */
function streamIn(request: Request, parameters: Parameters): string | null {
  const stream = parameters.text('stream');
  if (stream === null) return null;
  mustReachInto(request.reach, stream.replace(/^application:/, ''));
  return indexedText(stream);
}

function projectIn(parameters: Parameters): string | null {
  const project = parameters.text('project');
  if (project !== null && !isProjectId(project)) {
    parameters.report('project', 'must be a project: acme/assistant');
  }
  return project;
}

function namesIn(parameters: Parameters, name: string): readonly string[] | null {
  const names =
    parameters
      .text(name)
      ?.split(',')
      .map((each) => each.trim()) ?? null;
  if (names === null) return null;
  if (names.length > NAMES_MAX || names.includes('')) {
    parameters.report(name, `must be up to ${NAMES_MAX} names, with commas between`);
  }
  return names;
}

function wordsIn(parameters: Parameters): Condition | null {
  const text = parameters.text('words');
  if (text === null) return null;
  try {
    return wordsCondition(text);
  } catch (error) {
    if (!(error instanceof WordsUnusable)) throw error;
    parameters.report('words', error.message);
    return null;
  }
}

function timeIn(parameters: Parameters, name: string): string | null {
  const text = parameters.text(name);
  const time = text === null ? null : timeFromJson(text);
  if (text !== null && time === null) parameters.report(name, 'must be an RFC 3339 time');
  return time === null ? null : timeToJson(time);
}
