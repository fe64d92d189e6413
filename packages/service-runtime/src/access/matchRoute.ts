import type { RouteRule } from './routeRules.ts';

/** The rule of a request, or the methods that its path knows instead: none, when nothing is there. */
export type RouteMatch =
  | { readonly kind: 'found'; readonly name: string; readonly rule: RouteRule }
  | { readonly kind: 'missing'; readonly methods: readonly string[] };

export type MatchRoute = (method: string, path: string) => RouteMatch;

interface Route {
  readonly name: string;
  readonly rule: RouteRule;
  readonly method: string;
  readonly segments: readonly string[];
}

/**
 * Reads a request as the table's names say: methods and segments to the letter, a `:` segment for
 * anything but nothing, `.` and `..`. Where two names fit, the one whose first differing segment is
 * literal wins; HEAD is a GET without its body. Stricter than the routers behind, never looser: what
 * fits no name does not reach them.
 */
export function routeMatcher(rules: Readonly<Record<string, RouteRule>>): MatchRoute {
  const byLength = new Map<number, Route[]>();
  for (const route of Object.entries(rules).map(routeOf).sort(literalFirst)) {
    const { length } = route.segments;
    byLength.set(length, [...(byLength.get(length) ?? []), route]);
  }
  return (method, path) => {
    const segments = segmentsOf(path);
    const here = (byLength.get(segments.length) ?? []).filter((route) => fits(route, segments));
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = here.find((route) => route.method === wanted);
    if (found !== undefined) return { kind: 'found', name: found.name, rule: found.rule };
    return { kind: 'missing', methods: [...new Set(here.map((route) => route.method))] };
  };
}

function routeOf([name, rule]: readonly [string, RouteRule]): Route {
  const [method = '', path = ''] = name.split(' ');
  return { name, rule, method, segments: segmentsOf(path) };
}

/** `/a/b` and `/a/b/` are the same, as they are to the routers. */
function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/').slice(1);
  return segments.length > 1 && segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function fits({ segments }: Route, given: readonly string[]): boolean {
  return segments.every((segment, at) => {
    const other = given[at] ?? '';
    return isParameter(segment) ? isAnything(other) : segment === other;
  });
}

function isAnything(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..';
}

function isParameter(segment: string): boolean {
  return segment.startsWith(':');
}

function literalFirst(one: Route, other: Route): number {
  const at = one.segments.findIndex((segment, place) => segment !== other.segments[place]);
  if (at < 0) return 0;
  return (
    Number(isParameter(one.segments[at] ?? '')) - Number(isParameter(other.segments[at] ?? ''))
  );
}
