import { mergeOpenApi, routeRules } from '@prorata/service-runtime';
import type { OpenApiDocument } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { gatewayFragment } from '../../../command-service/src/gateway/openApi.ts';
import { relayOpenApi } from '../../../enforcer-relay/src/http/openApi.ts';
import { openapi as projectorOpenApi } from '../../../projector/src/routes/openapi.ts';
import { openapi as rightsizerOpenApi } from '../../../rightsizer/src/service/routes.ts';

type Json = Readonly<Record<string, unknown>>;
interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly requestBody?: Json;
}

const document: OpenApiDocument = mergeOpenApi('Prorata', [
  gatewayFragment,
  projectorOpenApi,
  relayOpenApi,
  rightsizerOpenApi,
]);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item as Readonly<Record<string, Operation>>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
);
/** A service does not start with a route that the table of rules does not have. */
const rules = Object.entries(routeRules as Readonly<Record<string, { readonly who: unknown }>>);
const ofRoute = (route: string): string => route.replaceAll(/:(\w+)/g, '{$1}');

describe('the description of the interface', () => {
  it('has every route, and no other', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(
      rules.map(([route]) => ofRoute(route)).sort(),
    );
  });

  it('asks for credentials exactly where the rules do', () => {
    const open = rules.filter(([, { who }]) => who === 'open').map(([route]) => ofRoute(route));
    for (const { name, operation } of operations) {
      const asks = (operation.security ?? []).length > 0;
      expect([name, asks]).toEqual([name, !open.includes(name)]);
    }
  });

  it('says of every route what it refuses, and of one with a body what bodies are refused', () => {
    for (const { name, operation } of operations) {
      if ((operation.security ?? []).length === 0) continue;
      const statuses = Object.keys(operation.responses);
      const least = ['400', '401', '403', '404', '503'];
      const ofBody = operation.requestBody === undefined ? [] : ['413', '415', '422'];
      expect([name, statuses]).toEqual([
        name,
        expect.arrayContaining([...least, ...ofBody]) as string[],
      ]);
    }
  });

  it('names every parameter of a path', () => {
    for (const { name, path, operation } of operations) {
      const named = (operation.parameters ?? []).filter((each) => each.in === 'path');
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect([name, named.map((each) => each.name)]).toEqual([name, inPath]);
    }
  });

  it('says which fields of a command its query must give, and which it may', () => {
    const queryOf = (name: string): unknown[] => {
      const { operation } = operations.find((each) => each.name === name) ?? {};
      const asked = (operation?.parameters ?? []).filter((each) => each.in === 'query');
      return asked.map((each) => [each.name, each.required]);
    };
    const allocation = 'projects/{project}/allocations/{application}/{resource}';
    const released = queryOf(`DELETE /v1/organizations/{organization}/${allocation}`);
    expect(released).toContainEqual(['budgetId', true]);
    expect(queryOf('DELETE /v1/quotas/{quotaId}')).toContainEqual(['children', false]);
  });

  it('refers to nothing that is not there', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    for (const [, kind = '', name = ''] of references) {
      expect(Object.keys(document.components?.[kind] ?? {})).toContain(name);
    }
  });
});
