import type { Table } from '../database/tables.ts';
import type { ProjectionName } from '../generations/projections.ts';

export interface ViewColumn {
  readonly type: string;
  /** SQL over the view's source. */
  readonly sql: string;
  readonly about: string;
}

export interface AuditorView {
  readonly name: string;
  /** With whose copies it is switched. */
  readonly projection: ProjectionName;
  readonly about: string;
  /** SQL: what it selects from, with the copy's schema. */
  readonly from: (schema: string) => string;
  /** SQL: the stream that a row belongs to, which a login must have been granted; null: rows are limited in `from`. */
  readonly stream: string | null;
  readonly columns: Readonly<Record<string, ViewColumn>>;
}

/** Columns of a table by name, as the view has them, with what they say. */
export function columnsOf(
  { name, columns }: Table,
  about: Readonly<Record<string, string>>,
): Record<string, ViewColumn> {
  return Object.fromEntries(
    Object.entries(about).map(([column, text]) => {
      const type = columns[column];
      if (type === undefined) throw new TypeError(`${name} has no column ${column}.`);
      return [column, { type, sql: `t."${column}"`, about: text }];
    }),
  );
}

export function viewOf(
  table: Table,
  view: Pick<AuditorView, 'about' | 'stream'> &
    Partial<Pick<AuditorView, 'name' | 'projection'>> & {
      readonly columns: Readonly<Record<string, string>>;
    },
): AuditorView {
  return {
    name: table.name,
    projection: 'quotas',
    ...view,
    from: (schema) => `${schema}."${table.name}" AS t`,
    columns: columnsOf(table, view.columns),
  };
}

export const OF_APPLICATION = `'application:' || t.application`;
export const OF_QUOTA = `'application:' || split_part(t.quota_id, '/', 1)`;
export const OF_ORGANIZATION = `'organization:' || t.organization`;

export const ORGANIZATION = 'The organization.';
export const APPLICATION = 'The application.';
export const RESOURCE = "The application's resource.";

/** Who last changed it, and why. */
export const provenance = {
  actor: 'Who last changed it: `kind`, `issuer`, `subject`.',
  reason: 'Why, in their words.',
  command_id: 'The command; null: a timer did it.',
  stream_version: 'The version of its stream that the change made.',
  updated_at: 'When.',
} as const;
