import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';

interface Documented {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

export interface GivenAnswer {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/**
 * Holds answers against the document that describes them.
 * @returns what is wrong with an answer, or null
 */
export function documentedAnswers(document: {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components?: object;
}): (answer: GivenAnswer) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat('date-time', (text: string) => !Number.isNaN(Date.parse(text)));
  for (const format of ['uuid', 'uri']) ajv.addFormat(format, true);
  ajv.addSchema({ $id: 'doc', components: document.components });
  const validators = new Map<object, ValidateFunction>();
  const validatorOf = (schema: object): ValidateFunction => {
    const known = validators.get(schema) ?? ajv.compile(withinDocument(schema));
    validators.set(schema, known);
    return known;
  };
  return ({ method, path, status, contentType, body }) => {
    const operation = operationOf(document.paths, method, path);
    if (operation === undefined) return null;
    const response = operation.responses[String(status)];
    if (response === undefined) return `${method} ${path} is not documented to answer ${status}`;
    const [type = ''] = contentType.split(';');
    const schema = response.content?.[type]?.schema;
    if (schema === undefined) return `${method} ${path} ${status} is not documented as ${type}`;
    const validate = validatorOf(schema);
    return validate(body)
      ? null
      : `${method} ${path} ${status}: ${ajv.errorsText(validate.errors)}`;
  };
}

/** References into the document, for a schema that stands outside of it. */
function withinDocument(schema: object): object {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/components', '"doc#/components'),
  ) as object;
}

function operationOf(
  paths: Readonly<Record<string, unknown>>,
  method: string,
  path: string,
): Documented | undefined {
  const literalFirst = Object.entries(paths).sort(
    ([one], [other]) => one.split('{').length - other.split('{').length,
  );
  const found = literalFirst.find(([template]) =>
    new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  return (found?.[1] as Readonly<Record<string, Documented>> | undefined)?.[method.toLowerCase()];
}
