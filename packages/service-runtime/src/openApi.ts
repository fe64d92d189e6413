/** The part of the HTTP interface that one service answers; stands beside its routes. */
export interface OpenApiFragment {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface OpenApiDocument extends OpenApiFragment {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
}

const INTERFACE_VERSION = '1';

/**
 * One document of several fragments; an earlier fragment wins where two name the same operation of a
 * path, or the same component.
 */
export function mergeOpenApi(
  title: string,
  fragments: readonly OpenApiFragment[],
): OpenApiDocument {
  const paths: Record<string, unknown> = {};
  const components: Record<string, Record<string, unknown>> = {};
  for (const fragment of fragments) {
    for (const [path, item] of Object.entries(fragment.paths)) {
      paths[path] = { ...(item as object), ...(paths[path] as object | undefined) };
    }
    for (const [kind, entries] of Object.entries(fragment.components ?? {})) {
      components[kind] = { ...entries, ...components[kind] };
    }
  }
  return { openapi: '3.1.0', info: { title, version: INTERFACE_VERSION }, paths, components };
}
