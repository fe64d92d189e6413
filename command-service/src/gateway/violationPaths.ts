import { commonMembers } from './requestMembers.ts';
import type { SaidBeside } from './requestMembers.ts';

/** From a place in a command as `POST /v1/commands` takes it to where the caller wrote it. */
export type PathOf = (path: string) => string;

const beside: ReadonlySet<string> = new Set([...commonMembers, 'stream', 'type', 'commandId']);

/**
 * A decision names places in the command's own fields (`/content/owner`), which a client wrote below
 * `/data`; what every command has beside them stands at the top.
 */
export function inRequest(path: string): string {
  const [first = ''] = path.slice(1).split('/', 1);
  return path === '' || beside.has(first) ? path : `/data${path}`;
}

/** Of `POST /v1/commands`: what a header or the query said is named by it. */
export function commandPaths({ placeOf }: Pick<SaidBeside, 'placeOf'>): PathOf {
  const places: Readonly<Record<string, string>> = { ...placeOf, commandId: 'Idempotency-Key' };
  return (path) => {
    const [first = ''] = path.slice(1).split('/', 1);
    return (path === '' || !Object.hasOwn(places, first) ? undefined : places[first]) ?? path;
  };
}
