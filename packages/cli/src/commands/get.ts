import { CommandError } from '../commandError.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import { tableLines } from '../output/table.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { lookUps } from './lookUps.ts';
import type { LookUp } from './lookUps.ts';

/** Single things, by their ids. */
const singles: Readonly<Record<string, (id: string) => string>> = {
  quota: (id) => `/v1/quotas/${encodeURIComponent(id)}`,
  organization: (id) => `/v1/organizations/${encodeURIComponent(id)}`,
  'price-book': (id) => `/v1/price-books/${encodeURIComponent(id)}`,
  'tier-policy': (id) => `/v1/tier-policies/${encodeURIComponent(id)}`,
  application: (id) => `/v1/applications/${encodeURIComponent(id)}`,
  proposal: (id) => `/v1/proposals/${encodeURIComponent(id)}`,
};

export const gettable: readonly string[] = [...Object.keys(lookUps), ...Object.keys(singles)];

export interface GetOptions extends OutputOptions {
  readonly owner?: string;
  readonly project?: string;
  readonly state?: string;
  readonly label?: string;
  readonly search?: string;
  readonly asOf?: string;
}

/** Lists what there is of a kind, or shows one thing whole. */
export async function get(
  what: string,
  id: string | undefined,
  options: GetOptions,
): Promise<number> {
  const single = singles[what];
  if (single !== undefined) return getOne(single(required(what, 'id', id)), options);
  const lookUp = lookUps[what];
  if (lookUp === undefined) {
    throw new CommandError(`no kind ${what}; there are ${gettable.join(', ')}`, 2);
  }
  const { owner, project, state, label, search, asOf } = options;
  // What somebody owns, or what is cut, is asked of every application; all quotas there are, by nobody.
  const isNarrowed =
    lookUp.query !== undefined &&
    [owner, project, state, label, search].some((by) => by !== undefined);
  const within =
    lookUp.isRequired && !isNarrowed ? required(what, lookUp.within ?? '', id) : (id ?? '');
  const filters = {
    ...(lookUp.query === undefined || within === '' ? {} : { [lookUp.query]: within }),
    ...{ owner, project, state, label, search, asOf },
  };
  const client = await connected();
  const rows = await withProgress(`reading ${what}`, (progress) =>
    lookUp.isSum === true
      ? sumsOf(client, lookUp, filters)
      : client.all(lookUp.path(within), lookUp.member, filters, (count) =>
          progress.say(`reading ${what}: ${count}`),
        ),
  );
  if (rows.length === 0 && within !== '') await assertThere(client, lookUp, within);
  const none =
    rows.length === 0 && what === 'unused' && options.output === 'table'
      ? unusedNone(await client.get<Json>(lookUp.path(within), { ...filters, limit: '1' }))
      : NONE;
  await answerAs(options.output, rows, () => linesOf(rows, lookUp.columns, none));
  return 0;
}

const NONE = 'There are none.';

/** That nothing is unused says as much as the usage behind it. */
export function unusedNone({ data }: Json): string {
  if (!isJson(data))
    return 'No usage has been summed up yet, so that none is known: the rightsizer does every five minutes, once hosts report any.';
  const { knownUntil, takenAt } = data;
  return `There are none, by usage up to ${String(knownUntil)}, summed up at ${String(takenAt)}.`;
}

/** @throws CommandError when not all was added up: a part of a sum must not be taken for it */
export async function sumsOf(
  client: Pick<GatewayClient, 'get'>,
  { path, member }: Pick<LookUp, 'path' | 'member'>,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<readonly Json[]> {
  const answer = await client.get<Json>(path(''), filters);
  if (answer['isWhole'] === false) {
    throw new CommandError(
      `there are more than the ${textIn(answer, 'quotas')} quotas that one answer adds up; ` +
        'ask for them: ./prorata get quotas',
    );
  }
  return answer[member] as readonly Json[];
}

/** Of what there is not, there is nothing: whoever mistypes a name must not take that for an answer. */
async function assertThere(
  client: GatewayClient,
  { within: kind }: LookUp,
  id: string,
): Promise<void> {
  // An organization may have budgets and not be registered; a quota's place stands in its application.
  if (kind !== 'application') return;
  await client.get(`/v1/applications/${encodeURIComponent(id.split('/')[0] ?? '')}`);
}

function required(what: string, name: string, id: string | undefined): string {
  if (id !== undefined) return id;
  throw new CommandError(`get ${what} needs its ${name}: ./prorata get ${what} <${name}>`, 2);
}

/** Of one thing all is shown: as YAML, where people ask. */
async function getOne(path: string, options: GetOptions): Promise<number> {
  const client = await connected();
  const found = await withProgress('reading', () => client.get<Json>(path, { asOf: options.asOf }));
  await answerAs(options.output === 'table' ? 'yaml' : options.output, found, () => []);
  return 0;
}

function linesOf(
  rows: readonly Json[],
  columns: Readonly<Record<string, (row: Json) => string>>,
  none: string,
): readonly string[] {
  if (rows.length === 0) return [none];
  return tableLines(
    Object.keys(columns),
    rows.map((row) => Object.values(columns).map((textOf) => textOf(row))),
  );
}
