import {
  fullNameOf,
  jsonProperties,
  jsonSchemaComponents,
  jsonSchemaOf,
  namedSchemas,
  requiredFields,
} from '@prorata/schemas';
import type { CommandMessage, JsonSchema, SchemaField } from '@prorata/schemas';
import { bounded, boundedProperties } from '@prorata/quota-model/integerBounds';
import { commandRoles } from './commandRoles.ts';
import { BATCH_MEMBERS } from './batchRoute.ts';
import { commonMembers } from './requestMembers.ts';
import type { CommonMember } from './requestMembers.ts';
import { fieldsInAddress } from './resourceRoutes.ts';
import type { ResourceRoute } from './resourceTable.ts';
import { BATCH_COMMANDS_MAX } from './submit/commandDesk.ts';

type Type = CommandMessage['type'];

const ENVELOPE = 'io.prorata.command.CommandEnvelope';
const CONTENT = 'io.prorata.type.QuotaContent';
const OUTCOME = 'io.prorata.outcome.CommandOutcome';
const commandTypes = Object.keys(commandRoles) as readonly Type[];

export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const fieldsOf = (fullName: string): readonly SchemaField[] =>
  namedSchemas.get(fullName)?.fields ?? [];
const ownFields = (type: Type): readonly SchemaField[] =>
  fieldsOf(fullNameOf[type]).filter(({ name }) => name !== 'envelope');
const uuid: JsonSchema = { type: 'string', format: 'uuid' };
const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });

/** What every body may say beside its own fields. */
function commonProperties(
  members: readonly CommonMember[] = commonMembers,
): Readonly<Record<string, JsonSchema>> {
  const names: ReadonlySet<string> = new Set(members);
  return jsonProperties(fieldsOf(ENVELOPE).filter(({ name }) => names.has(name)));
}

/** Every schema that the gateway's part of the interface refers to, made from the messages' own. */
export function gatewaySchemas(): Readonly<Record<string, JsonSchema>> {
  const written = [
    ...commandTypes.flatMap((type) => ownFields(type).map((field) => field.type)),
    ...fieldsOf(ENVELOPE).map((field) => field.type),
    CONTENT,
  ];
  return {
    ...boundedComponents(jsonSchemaComponents(written, [OUTCOME])),
    ...Object.fromEntries(commandTypes.map((type) => [type, commandOf(type, {})])),
    Command: oneOfCommands(''),
    ...Object.fromEntries(
      commandTypes.map((type) => [`${type}InBatch`, commandOf(type, { commandId: uuid })]),
    ),
    BatchedCommand: oneOfCommands('InBatch'),
    CommandBatch: {
      type: 'object',
      required: ['commands'],
      additionalProperties: false,
      properties: {
        ...commonProperties(BATCH_MEMBERS),
        commands: {
          type: 'array',
          minItems: 1,
          maxItems: BATCH_COMMANDS_MAX,
          items: ref('BatchedCommand'),
        },
      },
    },
    CommandBatchResults: batchResults,
    CommandPlace: commandPlace,
  };
}

function boundedComponents(
  components: Readonly<Record<string, JsonSchema>>,
): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    Object.entries(components).map(([name, schema]) => {
      const properties = schema['properties'] as Readonly<Record<string, JsonSchema>> | undefined;
      if (properties === undefined) return [name, schema];
      return [name, { ...schema, properties: boundedProperties(properties) }];
    }),
  );
}

function commandOf(type: Type, more: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    type: 'object',
    description: namedSchemas.get(fullNameOf[type])?.doc ?? type,
    required: ['type', 'stream', 'data'],
    additionalProperties: false,
    properties: {
      type: { const: type },
      stream: { type: 'string', maxLength: 256, description: 'The stream that decides it.' },
      ...commonProperties(),
      ...more,
      data: objectOf(ownFields(type)),
    },
  };
}

function oneOfCommands(suffix: string): JsonSchema {
  const names = commandTypes.map((type) => [type, `#/components/schemas/${type}${suffix}`]);
  return {
    oneOf: names.map(([, place]) => ({ $ref: place })),
    discriminator: { propertyName: 'type', mapping: Object.fromEntries(names) as JsonSchema },
  };
}

function objectOf(
  fields: readonly SchemaField[],
  more: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return {
    type: 'object',
    required: requiredFields(fields),
    additionalProperties: false,
    properties: { ...boundedProperties(jsonProperties(fields)), ...more },
  };
}

/** The body of a resource route; null: it says nothing that must be said. */
export function bodySchema(route: ResourceRoute): JsonSchema {
  const common = commonProperties();
  if (route.body === 'content') return objectOf(fieldsOf(CONTENT), common);
  if (route.body === 'patch') return patchSchema(common);
  const said = fieldsInAddress(route);
  const schema = objectOf(
    ownFields(route.sends).filter(({ name }) => !said.has(name)),
    common,
  );
  const completed: ReadonlySet<string> = new Set(route.completed);
  const required = (schema['required'] as readonly string[]).filter((name) => !completed.has(name));
  return { ...schema, required };
}

/** A field of the command that the query gives. @returns its schema, and whether it must be given */
export function queryField(
  sends: Type,
  name: string,
): { readonly schema: JsonSchema; readonly description: string; readonly required: boolean } {
  const field = ownFields(sends).find((each) => each.name === name);
  if (field === undefined) throw new TypeError(`${sends} has no field ${name}.`);
  const required = requiredFields([field]).length > 0;
  const schema = bounded(name, jsonSchemaOf(field.type));
  return { schema, description: field.doc, required };
}

/** Of the content every part, none required; null where a part may be absent (RFC 7396). */
function patchSchema(common: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const kept = new Set(['owner', 'tier', 'cutPriority', 'action']);
  const parts = fieldsOf(CONTENT).filter(({ name }) => name !== 'project');
  const properties = parts.map(({ name, type, doc }): [string, JsonSchema] => {
    if (name === 'labels') return [name, { ...patchedLabels, description: doc }];
    const schema = bounded(name, jsonSchemaOf(type));
    return [name, { ...(kept.has(name) ? schema : orNull(schema)), description: doc }];
  });
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...Object.fromEntries(properties), ...common },
  };
}

const patchedLabels: JsonSchema = orNull({
  type: 'object',
  additionalProperties: orNull({ type: 'string' }),
});

const commandPlace: JsonSchema = {
  type: 'object',
  description: 'Not known yet: where the outcome will be.',
  required: ['commandId', 'location'],
  properties: { commandId: { type: 'string' }, location: { type: 'string' } },
};

const batchResults: JsonSchema = {
  type: 'object',
  required: ['results'],
  properties: {
    results: {
      type: 'array',
      description: 'What became of each command, in the order of the request.',
      items: {
        type: 'object',
        required: ['commandId', 'status'],
        properties: {
          commandId: { type: 'string' },
          status: { type: 'integer', description: 'As POST /v1/commands would have answered.' },
          outcome: ref('CommandOutcome'),
          problem: ref('Problem'),
          location: { type: 'string' },
        },
      },
    },
  },
};
