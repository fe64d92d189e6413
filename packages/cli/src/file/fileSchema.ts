import {
  fullNameOf,
  jsonProperties,
  jsonSchemaComponents,
  namedSchemas,
  requiredFields,
} from '@prorata/schemas';
import type { CommandMessage, JsonSchema, SchemaField } from '@prorata/schemas';
import { boundedProperties } from '@prorata/quota-model/integerBounds';

const CONTENT = 'io.prorata.type.QuotaContent';
const SEGMENT = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const SEGMENT_PATTERN = `^${SEGMENT}$`;
const PATH_PATTERN = `^${SEGMENT}(/${SEGMENT})*$`;

const ref = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });
const text: JsonSchema = { type: 'string' };

/** The fields of a command that a file may say, those that follow from its place left out. */
function fieldsOf(type: CommandMessage['type'], fromPlace: readonly string[]): SchemaField[] {
  const left = new Set(['envelope', ...fromPlace]);
  return (namedSchemas.get(fullNameOf[type])?.fields ?? []).filter(({ name }) => !left.has(name));
}

const contentFields = (): readonly SchemaField[] => namedSchemas.get(CONTENT)?.fields ?? [];

/** With the bounds that the model has for whole numbers, which a message's 32 bits say nothing of. */
const propertiesOf = (fields: readonly SchemaField[]): Readonly<Record<string, JsonSchema>> =>
  boundedProperties(jsonProperties(fields));

function closed(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return {
    type: 'object',
    description,
    properties,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

const mapOf = (pattern: string, description: string, items: JsonSchema): JsonSchema => ({
  type: 'object',
  description,
  propertyNames: { pattern },
  additionalProperties: items,
});

function bodyOf(type: CommandMessage['type'], fromPlace: readonly string[]): JsonSchema {
  const fields = fieldsOf(type, fromPlace);
  const doc = namedSchemas.get(fullNameOf[type])?.doc ?? '';
  return closed(doc, propertiesOf(fields), requiredFields(fields));
}

const MANAGED =
  'What the file is the whole truth of: what is there and not declared is deleted by the next apply.';

const organization = (): JsonSchema =>
  closed('Who pays: teams and projects in a tree, with budgets.', {
    displayName: {
      ...text,
      description: 'What people call it; said, the organization is registered.',
    },
    managed: {
      type: 'boolean',
      description: `${MANAGED} Of the teams, projects and budgets here.`,
    },
    teams: mapOf(SEGMENT_PATTERN, 'Teams by id.', bodyOf('DefineTeam', ['teamId'])),
    projects: mapOf(
      SEGMENT_PATTERN,
      'Projects by id, without the organization.',
      bodyOf('DefineProject', ['project']),
    ),
    budgets: mapOf(SEGMENT_PATTERN, 'Budgets by id.', bodyOf('DefineBudget', ['budgetId'])),
  });

const entitlement = (): JsonSchema => {
  const fields = propertiesOf(fieldsOf('SetEntitlement', ['source']));
  return closed(
    'How much of a resource a project may hold in quotas. One that a budget pays for is not for a file.',
    fields,
    ['project', 'resource'],
  );
};

const application = (): JsonSchema =>
  closed('A governed system.', {
    managed: {
      description: `${MANAGED} true: all quotas of the application; a list: those paths with all below them.`,
      anyOf: [
        { type: 'boolean' },
        { type: 'array', items: { type: 'string', pattern: PATH_PATTERN } },
      ],
    },
    registration: ref('Registration'),
    entitlements: { type: 'array', items: ref('Entitlement') },
    quotas: mapOf(PATH_PATTERN, 'Quotas by path below the application.', ref('Quota')),
  });

/** Owner and tier come from the quota around it where they are left out; the rest has the API's defaults. */
const quota = (): JsonSchema =>
  closed('What the owner of a quota declares.', {
    ...propertiesOf(contentFields()),
    quotas: mapOf(PATH_PATTERN, 'Quotas below this one, by path from here.', ref('Quota')),
  });

/** The JSON Schema of a file of quotas, made from the schemas of the commands that it becomes. */
export function fileSchema(): JsonSchema {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A file of quotas',
    ...closed(
      'What should be there: price books, tier policies, organizations and applications, each as far as it is said.',
      {
        priceBooks: mapOf(SEGMENT_PATTERN, 'Price books by id.', ref('PriceBook')),
        tierPolicies: mapOf(SEGMENT_PATTERN, 'Tier policies by id.', ref('TierPolicy')),
        organizations: mapOf(SEGMENT_PATTERN, 'Organizations by id.', ref('Organization')),
        applications: mapOf(SEGMENT_PATTERN, 'Applications by id.', ref('Application')),
      },
    ),
    $defs: {
      PriceBook: bodyOf('DefinePriceBook', []),
      TierPolicy: bodyOf('PublishTierPolicy', []),
      Organization: organization(),
      Application: application(),
      Registration: bodyOf('RegisterApplication', []),
      Entitlement: entitlement(),
      Quota: quota(),
      ...boundedComponents(),
    },
  };
  const named = JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/');
  return JSON.parse(named) as JsonSchema;
}

/** Commands whose fields a file says. */
const declared = [
  'RegisterApplication',
  'DefineBudget',
  'DefinePriceBook',
  'PublishTierPolicy',
] as const;

/** What the parts of a file mention, by its short name. */
function boundedComponents(): Readonly<Record<string, JsonSchema>> {
  const fields = declared.flatMap((type) => fieldsOf(type, []));
  const components = jsonSchemaComponents([...fields, ...contentFields()].map(({ type }) => type));
  return Object.fromEntries(
    Object.entries(components).map(([name, component]) => {
      const properties = component['properties'] as
        Readonly<Record<string, JsonSchema>> | undefined;
      if (properties === undefined) return [name, component];
      return [name, { ...component, properties: boundedProperties(properties) }];
    }),
  );
}
