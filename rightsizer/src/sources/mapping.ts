import { decimalOf } from './amountText.ts';
import type { ExactDecimal } from './amountText.ts';
import { SourceFault } from './sourceFault.ts';
import { columnsOf, templateOf } from './template.ts';
import type { Renames, Template } from './template.ts';
import { lengthOf, timeUnits } from './timeText.ts';
import type { TimeUnit } from './timeText.ts';

/** What is counted of one resource; each a column's name. */
export interface ResourceMapping {
  readonly resource: Template;
  readonly used: string | null;
  readonly refused: string | null;
  readonly queued: string | null;
  readonly peak: string | null;
  /** What was held all through the window: used is this times its seconds, and the peak this. */
  readonly gauge: string | null;
  /** Base units in one of the column's. */
  readonly scale: ExactDecimal;
}

/** What the columns of a file mean. */
export interface Mapping {
  readonly quota: Template;
  readonly project: Template | null;
  readonly zone: Template | null;
  readonly host: Template | null;
  /** null: the format knows when. */
  readonly window: {
    readonly start: string;
    readonly end: string | null;
    /** Microseconds; where there is no end. */
    readonly length: bigint | null;
    readonly unit: TimeUnit | null;
  } | null;
  /** Empty: the format knows what. */
  readonly resources: readonly ResourceMapping[];
  readonly renames: Renames;
}

/** As a person writes it: a mapping file, or the command line's options. */
export interface MappingJson {
  readonly quota?: string;
  readonly project?: string;
  readonly zone?: string;
  readonly host?: string;
  readonly start?: string;
  readonly end?: string;
  readonly for?: string;
  readonly time?: string;
  readonly resources?: readonly ResourceJson[];
  readonly values?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
}

export interface ResourceJson {
  readonly resource?: string;
  readonly used?: string;
  readonly refused?: string;
  readonly queued?: string;
  readonly peak?: string;
  readonly gauge?: string;
  readonly scale?: string;
}

const TEXTS = ['quota', 'project', 'zone', 'host', 'start', 'end', 'for', 'time'];
const RESOURCE_TEXTS = ['resource', 'used', 'refused', 'queued', 'peak', 'gauge', 'scale'];
/** A record names no more. */
export const RESOURCES_MAX = 64;

/** Formats that know themselves when something was used, and what. */
export type MappedBy = 'columns' | 'format';

/** @throws SourceFault MAPPING_WRONG */
export function mappingFrom(json: unknown, mappedBy: MappedBy): Mapping {
  const given = checked(json);
  if (given.quota === undefined) {
    throw wrong("quota is missing: which quota a line is about, such as 'moka/{queue}'");
  }
  const isByFormat = mappedBy === 'format';
  if (isByFormat && (given.start ?? given.end ?? given.for ?? given.resources) !== undefined) {
    throw wrong('start, end, for and resources are what the format itself says');
  }
  return {
    quota: templateOf(given.quota),
    project: optional(given.project),
    zone: optional(given.zone),
    host: optional(given.host),
    window: isByFormat ? null : windowFrom(given),
    resources: isByFormat ? [] : resourcesFrom(given.resources ?? []),
    renames: new Map(
      Object.entries(given.values ?? {}).map(([column, values]) => [
        column,
        new Map(Object.entries(values)),
      ]),
    ),
  };
}

/** Every column that it speaks of. */
export function mappedColumns(mapping: Mapping): readonly string[] {
  const { quota, project, zone, host, window, resources } = mapping;
  const templates = [quota, project, zone, host, ...resources.map(({ resource }) => resource)];
  return [
    ...templates.flatMap((template) => (template === null ? [] : columnsOf(template))),
    ...(window === null ? [] : [window.start, window.end]),
    ...resources.flatMap(({ used, refused, queued, peak, gauge }) => [
      used,
      refused,
      queued,
      peak,
      gauge,
    ]),
  ].filter((column) => column !== null);
}

/** @throws SourceFault MAPPING_WRONG with the columns that there are */
export function assertColumns(mapping: Mapping, columns: readonly string[]): void {
  const absent = mappedColumns(mapping).filter((column) => !columns.includes(column));
  if (absent.length === 0) return;
  throw wrong(`there is no column ${absent.join(', ')}; the columns are ${columns.join(', ')}`);
}

const optional = (text: string | undefined): Template | null =>
  text === undefined ? null : templateOf(text);

const wrong = (message: string): SourceFault => new SourceFault('MAPPING_WRONG', message);

function windowFrom(given: MappingJson): NonNullable<Mapping['window']> {
  if (given.start === undefined) throw wrong("start is missing: the column with a window's start");
  if ((given.end === undefined) === (given.for === undefined)) {
    throw wrong("either end (the column with a window's end) or for (its length, such as 5m)");
  }
  const unit = timeUnits.find((each) => each === given.time) ?? null;
  if (given.time !== undefined && unit === null) {
    throw wrong(`time is one of ${timeUnits.join(', ')}: what plain numbers count since 1970`);
  }
  const length = given.for === undefined ? null : lengthOf(given.for);
  if (given.for !== undefined && length === null)
    throw wrong('for is a length such as 30s, 5m, 1h');
  return { start: given.start, end: given.end ?? null, length, unit };
}

function resourcesFrom(given: readonly ResourceJson[]): readonly ResourceMapping[] {
  if (given.length === 0 || given.length > RESOURCES_MAX) {
    throw wrong(`resources: 1 to ${RESOURCES_MAX} of them, each with the column of what was used`);
  }
  return given.map((each) => {
    if (each.resource === undefined) throw wrong('a resource has no name');
    if ((each.used === undefined) === (each.gauge === undefined)) {
      throw wrong(`${each.resource}: either used (an amount) or gauge (what was held all through)`);
    }
    const scale = decimalOf(each.scale ?? '1');
    if (scale === null || scale.units <= 0n) {
      throw wrong(`${each.resource}: scale is a number above 0, such as 1000 or 0.001`);
    }
    return {
      resource: templateOf(each.resource),
      used: each.used ?? null,
      refused: each.refused ?? null,
      queued: each.queued ?? null,
      peak: each.peak ?? null,
      gauge: each.gauge ?? null,
      scale,
    };
  });
}

function checked(json: unknown): MappingJson {
  const given = membersOf(json, 'the mapping', [...TEXTS, 'resources', 'values']);
  assertTexts(given, TEXTS);
  const resources = given['resources'] ?? [];
  if (!Array.isArray(resources)) throw wrong('resources must be a list');
  for (const each of resources) {
    assertTexts(membersOf(each, 'a resource', RESOURCE_TEXTS), RESOURCE_TEXTS);
  }
  const values = membersOf(given['values'] ?? {}, 'values', null);
  for (const [column, renames] of Object.entries(values)) {
    const others = Object.values(membersOf(renames, `values of ${column}`, null));
    if (others.some((other) => other !== null && typeof other !== 'string')) {
      throw wrong(`values of ${column} must be texts, or null for lines to pass over`);
    }
  }
  return given;
}

function membersOf(
  json: unknown,
  what: string,
  known: readonly string[] | null,
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw wrong(`${what} must be an object`);
  }
  const unknown = known === null ? [] : Object.keys(json).filter((key) => !known.includes(key));
  if (unknown.length > 0) throw wrong(`${what} has no ${unknown.join(', ')}`);
  return json as Readonly<Record<string, unknown>>;
}

function assertTexts(given: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of names) {
    const value = given[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw wrong(`${name} must be a text`);
    }
  }
}
