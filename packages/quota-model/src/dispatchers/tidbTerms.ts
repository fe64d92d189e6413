import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { ResourceDeclaration } from '@prorata/schemas';
import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms, KeptSettings, SettingsFault } from './dispatcherTerms.ts';
import { targetResource } from './targetResource.ts';

export type TidbPriority = 'LOW' | 'MEDIUM' | 'HIGH';

/** A resource of request units becomes resource groups. */
export interface TidbSettings extends KeptSettings {
  /** The login; the password is the dispatcher's secret. */
  readonly user: string;
  /** The resource of kind rate whose limits become `RU_PER_SEC`. */
  readonly resource: string;
  /** What the names of its groups begin with; absent: made from the application's id. */
  readonly prefix?: string;
  /** `PRIORITY` by tier, 0 to 4; absent: HIGH, HIGH, MEDIUM, LOW, LOW. */
  readonly priorities?: readonly TidbPriority[];
  /** Tiers whose groups may take what nobody else does; absent: none. */
  readonly burstableTiers?: readonly number[];
  /** How the server is told not to burst: `OFF` where BURSTABLE is a mode (default), `FALSE` where it is a boolean. */
  readonly burstableOff?: 'OFF' | 'FALSE';
  /** Resources of kind capacity whose limits bound one query. */
  readonly queryLimits?: {
    /** In milliseconds or seconds, by the resource's unit. */
    readonly elapsed?: string;
    readonly processedKeys?: string;
    readonly requestUnits?: string;
  };
  /** The secret that holds the PEM of its authority; absent: the system's. */
  readonly caRef?: string;
  /** false: without TLS, which is for a server on the relay's own machine alone. */
  readonly tls?: boolean;
}

/** `host` or `host:port`; the port is 4000 where none is said. */
const TARGET = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/;
const PORT = 4_000;
const PORT_MAX = 65_535;
const name = { type: 'string', minLength: 1, maxLength: 128 } as const;

export const tidbTerms: DispatcherTerms = {
  settingsSchema: settingsSchema(
    {
      user: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,32}$' },
      resource: name,
      prefix: { type: 'string', maxLength: 16 },
      priorities: {
        type: 'array',
        minItems: 5,
        maxItems: 5,
        items: { enum: ['LOW', 'MEDIUM', 'HIGH'] },
      },
      burstableTiers: {
        type: 'array',
        maxItems: 5,
        uniqueItems: true,
        items: { type: 'integer', minimum: 0, maximum: 4 },
      },
      burstableOff: { enum: ['OFF', 'FALSE'] },
      queryLimits: {
        type: 'object',
        additionalProperties: false,
        properties: { elapsed: name, processedKeys: name, requestUnits: name },
      },
      caRef: { type: 'string', pattern: '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$' },
      tls: { type: 'boolean' },
    },
    ['user', 'resource'],
  ),
  targetFault: (target) =>
    isTarget(target) ? null : 'A TiDB is host or host:port, without a scheme and a login.',
  addressOf: tidbAddress,
  faults: (settings, resources) => tidbFaults(settings as unknown as TidbSettings, resources),
};

function isTarget(target: string): boolean {
  const port = /:(\d{1,5})$/.exec(target)?.[1];
  return TARGET.test(target) && (port === undefined || Number(port) <= PORT_MAX);
}

/** With the port always in it, under the scheme whose hosts an operator lists: TLS is what is meant. */
export function tidbAddress(target: string): string {
  return /:\d{1,5}$/.test(target) ? `https://${target}` : `https://${target}:${PORT}`;
}

/** Leaves a hashed name five characters that a person can read, bytes. */
const GROUP_PREFIX_BYTES_MAX = 16;
/** It ends in two underscores and has none before, so that no application's prefix begins another's. */
const GROUP_PREFIX = /^[a-z][a-z0-9]*(_[a-z0-9]+)*__$/;

export function isGroupPrefix(text: string): boolean {
  return text.length <= GROUP_PREFIX_BYTES_MAX && GROUP_PREFIX.test(text);
}

/** Of an application whose id does not fit: so much of its beginning, and so much of a hash, characters. */
const BEGINNING_LENGTH = 3;
const HASH_LENGTH = 8;
const HASH_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** The settings' own, else `pr_<application>__`; an id that is too long, or has two hyphens in a row, is hashed. */
export function groupPrefixOf(settings: Pick<TidbSettings, 'prefix'>, application: string): string {
  const own = settings.prefix ?? `pr_${application.replaceAll('-', '_')}__`;
  if (isGroupPrefix(own)) return own;
  const beginning = application.replaceAll('-', '').slice(0, BEGINNING_LENGTH);
  const hash = sha256(utf8ToBytes(application));
  const characters = [...hash.slice(0, HASH_LENGTH)].map((byte) => HASH_ALPHABET.charAt(byte % 32));
  return `pr_${beginning}${characters.join('')}__`;
}

/** Units of `queryLimits.elapsed`, and their milliseconds. */
const ELAPSED_UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ms', 1n],
  ['millisecond', 1n],
  ['s', 1_000n],
  ['second', 1_000n],
]);

/** null: none that is known, and none is guessed. */
export function elapsedUnitMillis(unit: string): bigint | null {
  return ELAPSED_UNITS.get(unit) ?? null;
}

function tidbFaults(
  settings: TidbSettings,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): SettingsFault[] {
  const { prefix, queryLimits = {} } = settings;
  const faults: SettingsFault[] = [];
  const rate = targetResource(resources, settings.resource, ['rate']);
  if (typeof rate === 'string') faults.push({ path: '/resource', message: rate });
  if (prefix !== undefined && !isGroupPrefix(prefix)) {
    const message =
      'A prefix begins with a letter, has a-z, 0-9 and single underscores, ends in two of them, and has 16 characters at most.';
    faults.push({ path: '/prefix', message });
  }
  for (const [figure, of] of Object.entries(queryLimits)) {
    const message = figureFault(figure, of, resources);
    if (message !== null) faults.push({ path: `/queryLimits/${figure}`, message });
  }
  return faults;
}

function figureFault(
  figure: string,
  of: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): string | null {
  const bound = targetResource(resources, of, ['capacity']);
  if (typeof bound === 'string') return bound;
  if (figure !== 'elapsed' || elapsedUnitMillis(bound.unit) !== null) return null;
  return `${of} is in ${bound.unit}, and ${[...ELAPSED_UNITS.keys()].join(', ')} are known.`;
}
