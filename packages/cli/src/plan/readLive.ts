import type { CommandMessage } from '@prorata/schemas';
import type {
  Declaration,
  DeclaredApplication,
  DeclaredOrganization,
} from '../file/declaration.ts';
import { normalContent, normalFields } from '../file/normalForm.ts';
import type { Normal } from '../file/normalForm.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { countText } from '../output/countText.ts';
import type { Progress } from '../output/progress.ts';
import type { LiveState } from './computePlan.ts';
import type { Json } from './json.ts';
import type { Live, LiveApplication, LiveOrganization } from './liveState.ts';

/** More quotas than these are read by pages of the whole application, and not one by one. */
const SINGLE_READS_MAX = 64;
/** Reads at once: quick enough, and no flood. */
const READS_AT_ONCE = 8;

/** What there is of what the declaration speaks of. */
export async function readLive(
  client: GatewayClient,
  { priceBooks, tierPolicies, organizations, applications }: Declaration,
  progress: Progress,
): Promise<LiveState> {
  const live = {
    priceBooks: await readEach(client, priceBooks, '/v1/price-books', 'DefinePriceBook', [
      ...['currency', 'prices', 'timeZone', 'closeAfterMicros', 'sharedCosts', 'idle'],
    ]),
    tierPolicies: await readEach(client, tierPolicies, '/v1/tier-policies', 'PublishTierPolicy', [
      ...['steps', 'floorBasisPoints'],
    ]),
    organizations: new Map<string, LiveOrganization>(),
    applications: new Map<string, LiveApplication>(),
  };
  for (const declared of organizations) {
    progress.say(`reading organization ${declared.organization}`);
    live.organizations.set(declared.organization, await readOrganization(client, declared));
  }
  for (const declared of applications) {
    progress.say(`reading application ${declared.application}`);
    const found = await readApplication(client, declared, progress);
    live.applications.set(declared.application, found);
  }
  return live;
}

const inPath = encodeURIComponent;

/** What there is of things with a stream each, by their ids. */
async function readEach(
  client: GatewayClient,
  declared: ReadonlyMap<string, unknown>,
  at: string,
  type: CommandMessage['type'],
  fields: readonly string[],
): Promise<ReadonlyMap<string, Live<Json>>> {
  const found = new Map<string, Live<Json>>();
  for (const id of declared.keys()) {
    const row = await client.find<Json>(`${at}/${inPath(id)}`);
    if (row !== null) found.set(id, liveOf(type, row, fields));
  }
  return found;
}

async function readOrganization(
  client: GatewayClient,
  { organization }: DeclaredOrganization,
): Promise<LiveOrganization> {
  const at = `/v1/organizations/${inPath(organization)}`;
  const [organizations, teams, projects, budgets] = await Promise.all([
    client.all('/v1/organizations', 'organizations'),
    client.all(`${at}/teams`, 'teams'),
    client.all(`${at}/projects`, 'projects'),
    client.all('/v1/budgets', 'budgets', { organization }),
  ]);
  const found = organizations.find((each) => each['organization'] === organization);
  return {
    registration:
      found === undefined ? null : liveOf('RegisterOrganization', found, ['displayName']),
    teams: byKey(teams, 'teamId', 'DefineTeam', ['teamId', 'parent', 'owner', 'displayName']),
    projects: byKey(projects, 'project', 'DefineProject', [
      'project',
      'team',
      'owner',
      'displayName',
    ]),
    budgets: byKey(budgets, 'budgetId', 'DefineBudget', [
      ...['budgetId', 'project', 'team', 'amount', 'currency', 'window', 'priceBook', 'tierPolicy'],
      ...['mode', 'thresholds', 'split'],
    ]),
  };
}

function byKey(
  rows: readonly Json[],
  key: string,
  type: CommandMessage['type'],
  fields: readonly string[],
): ReadonlyMap<string, Live<Json>> {
  return new Map(rows.map((row) => [String(row[key]), liveOf(type, row, fields)]));
}

function liveOf(type: CommandMessage['type'], row: Json, fields: readonly string[]): Live<Json> {
  const said = Object.fromEntries(fields.map((name) => [name, row[name]]));
  return { value: known(normalFields(type, said)), version: versionOf(row) };
}

const versionOf = (row: Json): bigint => BigInt(row['version'] as string | number);

/** @throws TypeError: the services say what this command line cannot read, so one is newer than the other */
function known(normal: Normal): Json {
  if ('value' in normal) return normal.value;
  const [first] = normal.violations;
  throw new TypeError(`The answer cannot be read: ${first?.path ?? ''} ${first?.message ?? ''}.`);
}

async function readApplication(
  client: GatewayClient,
  declared: DeclaredApplication,
  progress: Progress,
): Promise<LiveApplication> {
  const { application } = declared;
  const at = `/v1/applications/${inPath(application)}`;
  const row = await client.find<Json>(at);
  if (row === null) {
    return { registration: null, entitlements: new Map(), quotas: new Map(), isWhole: true };
  }
  const isWhole = declared.managed.length > 0 || declared.quotas.size > SINGLE_READS_MAX;
  const rows = isWhole
    ? await allQuotas(client, application, progress)
    : await quotasAt(client, [...declared.quotas.keys()]);
  return {
    registration: liveOf('RegisterApplication', row, registrationFields),
    entitlements: declared.entitlements.size === 0 ? new Map() : await entitlementsOf(client, at),
    quotas: new Map(rows.map((quota) => [String(quota['quotaId']), liveQuota(quota)])),
    isWhole,
  };
}

const registrationFields = [
  ...['displayName', 'levels', 'resources', 'defaultMode', 'defaultOnStale', 'robotChanges'],
  ...['proposalLifetimeMicros', 'attributesSchema', 'rules', 'validators', 'rightsizing'],
  ...['changePolicy', 'dispatchers', 'robotRollout'],
];

async function entitlementsOf(
  client: GatewayClient,
  at: string,
): Promise<ReadonlyMap<string, Json>> {
  const rows = await client.all(`${at}/entitlements`, 'entitlements');
  return new Map(
    rows.map((row) => {
      const { project, resource, bound, amount, source } = row;
      const fields = { project, resource, bound, amount: amount ?? 0, source };
      const key = `${String(project)} ${String(resource)}`;
      return [key, known(normalFields('SetEntitlement', fields))];
    }),
  );
}

/** All quotas of an application, page after page. */
export function allQuotas(
  client: GatewayClient,
  application: string,
  progress: Progress,
): Promise<readonly Json[]> {
  return client.all('/v1/quotas', 'quotas', { application }, (count) =>
    progress.say(`reading application ${application}: ${countText(count, 'quota')}`),
  );
}

async function quotasAt(client: GatewayClient, ids: readonly string[]): Promise<readonly Json[]> {
  const found: Json[] = [];
  for (let from = 0; from < ids.length; from += READS_AT_ONCE) {
    const some = ids.slice(from, from + READS_AT_ONCE);
    const rows = await Promise.all(some.map((id) => client.find<Json>(`/v1/quotas/${inPath(id)}`)));
    found.push(...rows.filter((row) => row !== null));
  }
  return found;
}

/** @throws TypeError see `known` */
export function liveQuota(row: Json): Live<Json> {
  return { value: known(normalContent(row['content'] as Json)), version: versionOf(row) };
}
