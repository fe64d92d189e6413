import { commandAuthority, safetyCheckMeanings } from '@prorata/quota-model';
import { fullNameOf, messagesIn, namedSchemas } from '@prorata/schemas';
import type { CommandMessage, NamedSchema, SchemaField } from '@prorata/schemas';
import { commandRoles } from '../../../command-service/src/gateway/commandRoles.ts';
import {
  resourceTable,
  withoutAddress,
} from '../../../command-service/src/gateway/resourceTable.ts';
import { exampleFile, readExample } from './examples.ts';
import { cell, fieldTable, recordsIn } from './jsonForm.ts';

const RESOURCE_LIMIT = 'io.prorata.type.ResourceLimit';

/** Which stream decides a command; every other is its application's. */
const streams: Partial<Record<CommandMessage['type'], string>> = {
  RegisterOrganization: 'organization:<organization>',
  DefineTeam: 'organization:<organization>',
  RetireTeam: 'organization:<organization>',
  DefineProject: 'organization:<organization>',
  RetireProject: 'organization:<organization>',
  DefineBudget: 'organization:<organization>',
  RetireBudget: 'organization:<organization>',
  OverrideBudget: 'organization:<organization>',
  LiftBudgetOverride: 'organization:<organization>',
  RecordThreshold: 'organization:<organization>',
  RehearseCut: 'organization:<organization>',
  AllocateEntitlement: 'organization:<organization>',
  CompleteAllocation: 'organization:<organization>',
  GrantCredit: 'organization:<organization>',
  WithdrawCredit: 'organization:<organization>',
  ClosePeriod: 'organization:<organization>',
  BeginCut: 'organization:<organization>',
  CompleteCut: 'organization:<organization>',
  DefinePriceBook: 'pricebook:<id>',
  PublishTierPolicy: 'tierpolicy:<id>',
};

/** Commands in the order in which a newcomer meets them. */
export const commandTypes = Object.keys(commandRoles) as readonly CommandMessage['type'][];

export const streamFormOf = (type: CommandMessage['type']): string =>
  streams[type] ?? 'application:<application>';

/** docs/reference/commands.md. @throws when a command of the schemas is in no table of roles */
export function renderCommands(): string {
  const known = new Set<string>(commandTypes.map((type) => fullNameOf[type]));
  for (const message of messagesIn('command')) {
    if (!known.has(message)) throw new Error(`${message} is in no table of roles.`);
  }
  return (
    [introduction, overview(), ...commandTypes.map(section), sharedTypes()].join('\n\n') + '\n'
  );
}

/** In the order and the words of the one table. */
const checks = Object.entries(safetyCheckMeanings)
  .map(([check, meaning]) => `| \`${check}\` | ${cell(meaning)} |`)
  .join('\n');

const introduction = `# Commands

Made from \`schemas/avro\` by \`npm run generate\`. Do not edit.

A command is the body of \`POST /v1/commands\`; its own fields are \`data\`:

| field | JSON | what |
|---|---|---|
| \`type\` | text | the command's name, as below |
| \`stream\` | text | the stream that decides it |
| \`reason\` | text, up to 1,024 characters | why, in the sender's words; it stands in the audit log |
| \`expectedVersion\` | whole number, or \`null\` | the version that the sender has seen, for commands about a quota the quota's own; another one is refused; \`0\`: it must not exist yet, \`-1\`: it must. Left out: any. The header \`If-Match\` says the same (\`*\` for -1), \`If-None-Match: *\` says 0. What is deleted and made anew begins at version 1 again |
| \`dryRun\` | \`true\` or \`false\` | decide and answer, but write no event. Left out: \`false\` |
| \`waivers\` | list of \`{"check", "reason"}\` | safety checks that the sender waives, each once; below. Left out: none |
| \`usage\` | list of \`{"quotaId", "resource", "used", "observedAt", "source"}\` | what quotas were seen to use, for the safety checks: a rate per second, concurrency and capacity at once, a consumable in its window so far. Left out: nothing was seen |
| \`data\` | object | the command's own fields |

The query says \`?dryRun=true\`, \`?reason=…\` and \`?waive=CHECK:why\` as well, the header \`Prorata-Reason\` the reason.
Up to 500 commands go together to \`POST /v1/commands/batch\` as \`{"commands": […]}\`, each with an optional
\`commandId\`; \`reason\` and \`dryRun\` beside \`commands\` hold for all of them: 207 lists in their order what became of each. Most commands have an address of their own
(\`PUT\`, \`PATCH\`, \`DELETE /v1/quotas/<id>\` …): \`GET /openapi.json\` has all.

The header \`Idempotency-Key\` is the command id, a UUID in lower case; one is made when it is absent. For 24
hours the same sender, stream and id with the same body gives the first outcome again, and with another
body \`COMMAND_ID_REUSED\`. Answers: 200 accepted, 403, 404, 409 or 422 refused with a
[code](outcome-codes.md), 202 not known yet (ask the \`location\` that is named).

A quota's version counts every event about it: what its owner declares, and also a layer that comes or goes
and a proposal that is opened or closed. So an \`If-Match\` from before a colleague's proposal is refused: read
the quota, and send it again. The \`ETag\` of a read, \`"5.41"\`, begins with that version and goes into
\`If-Match\` as it is: of the rest, which tells that an ancestor has altered what is in force, \`If-None-Match\` alone takes notice.

**Safety checks** are asked of what takes something away: a lower limit or guarantee, a limit that is left out,
a quota that is deleted. \`{"limits": […]}\` in a \`PATCH\` replaces the whole list (RFC 7396): a resource that is
left out of it loses its limit and its guarantee; \`setLimits\` and \`unsetLimits\` of ChangeQuota name single
ones. Whoever runs the quota, or owns one above it, waives a check by its name with a reason, in \`waivers\` or
as \`?waive=CHECK:why\`; a robot waives none.

| check | what it found |
|---|---|
${checks}

Whole numbers of 64 bits are JSON numbers up to 2^53-1 and text above it. Times are RFC 3339 to the
microsecond. Decimals are text with up to 12 places. A field that is not in the table is refused,
and so is one that stands twice in one object. The moments and ids in the
examples are of a story; put your own.`;

function overview(): string {
  const rows = commandTypes.map((type) => {
    const link = `[\`${type}\`](#${type.toLowerCase()})`;
    return `| ${link} | ${cell(schemaOf(type).doc)} | \`${streamFormOf(type)}\` | ${roles(type)} |`;
  });
  return ['| command | what it does | stream | who |', '|---|---|---|---|', ...rows].join('\n');
}

const roles = (type: CommandMessage['type']): string =>
  commandRoles[type].map((role) => `\`${role}\``).join(', ');

function section(type: CommandMessage['type']): string {
  const { doc } = schemaOf(type);
  return `## ${type}

${doc} Stream: \`${streamFormOf(type)}\`. Roles: ${roles(type)}.

Who may: ${commandAuthority[type].needs}

${addresses(type)}

${fieldTable(ownFields(type))}

[\`${exampleFile(type)}\`](${exampleFile(type)}):

\`\`\`json
${readExample(type).text.trimEnd()}
\`\`\``;
}

/** What the body is where it is not the fields of the command. */
const bodyForms = {
  content: ' Its body is the content itself, a [QuotaContent](#quotacontent).',
  patch:
    ' Its body is a merge patch (RFC 7396) of the [QuotaContent](#quotacontent), `limits` as a whole list, and not the fields below.',
} as const;

function addresses(type: CommandMessage['type']): string {
  const own = resourceTable.filter(({ sends }) => sends === type);
  if (own.length === 0) {
    return `Address: \`POST /v1/commands\` alone, since ${withoutAddress[type] ?? ''}.`;
  }
  const names = own.map(
    ({ method, path }) => `\`${method} ${path.replaceAll(/:(\w+)/g, '<$1>')}\``,
  );
  const bodies = own.flatMap(({ body }) => (body === undefined ? [] : [bodyForms[body]]));
  return `Address of its own: ${names.join(', ')}.${bodies.join('')}`;
}

/** The envelope is the gateway's to make. */
function ownFields(type: CommandMessage['type']): readonly SchemaField[] {
  return (schemaOf(type).fields ?? []).filter(({ name }) => name !== 'envelope');
}

function sharedTypes(): string {
  const found = new Set<string>();
  const visit = (fields: readonly SchemaField[]): void => {
    for (const name of fields.flatMap(({ type }) => recordsIn(type))) {
      if (found.has(name)) continue;
      found.add(name);
      visit(namedSchemas.get(name)?.fields ?? []);
    }
  };
  for (const type of commandTypes) visit(ownFields(type));
  const parts = [...found].sort().map((name) => {
    const { name: short, doc, fields } = schemaNamed(name);
    const body = name === RESOURCE_LIMIT ? limitForms : fieldTable(fields ?? []);
    return `### ${short}\n\n${name === RESOURCE_LIMIT ? 'One limit of one resource.' : doc}\n\n${body}`;
  });
  return ['## Types', ...parts].join('\n\n');
}

/** The one type whose JSON form is not its Avro form; the test of the examples reads each of these. */
export const limitExamples = [
  { resource: 'tokens', rate: { amount: 40_000, per: '1s', burst: 80_000 } },
  { resource: 'requests', concurrency: { max: 400 } },
  { resource: 'cache', capacity: { guaranteed: 1_073_741_824, max: 8_589_934_592 } },
  { resource: 'images', consumable: { amount: 10_000, window: 'P1D' } },
  { resource: 'tokens', rate: { amount: 'unlimited' } },
  { resource: 'requests', concurrency: { max: 'blocked' } },
] as const;

const limitForms = `\`resource\`, and one of four, the kind that the application declares for it:

| kind | fields | what |
|---|---|---|
| \`rate\` | \`amount\`, \`per\`, \`burst\` | \`amount\` base units per \`per\` (\`500ms\`, \`1s\`, \`5m\`, \`1h\`, \`1d\`; left out: \`1s\`); \`burst\` at once (left out: as much as \`amount\`) |
| \`concurrency\` | \`max\` | so many at once |
| \`capacity\` | \`max\`, \`guaranteed\` | at most \`max\`; \`guaranteed\` is kept whatever others do (left out: 0) |
| \`consumable\` | \`amount\`, \`window\` | \`amount\` in each \`window\`, an ISO 8601 duration such as \`P1D\` |

In place of \`amount\` or \`max\` may stand \`"unlimited"\` (a permission of its own) or \`"blocked"\`. Zero is
refused: write \`"blocked"\`. A resource that is not named inherits.

\`\`\`json
${limitExamples.map((limit) => JSON.stringify(limit)).join('\n')}
\`\`\``;

const schemaOf = (type: CommandMessage['type']): NamedSchema => schemaNamed(fullNameOf[type]);

function schemaNamed(fullName: string): NamedSchema {
  const schema = namedSchemas.get(fullName);
  if (schema === undefined) throw new Error(`There is no schema ${fullName}.`);
  return schema;
}
