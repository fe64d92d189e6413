import type { AuditorView } from './auditorView.ts';

/** The schema of the views. */
export const VIEWS_SCHEMA = 'prorata';

const STREAMS = 'SELECT g.stream FROM projector.session_streams AS g';

/**
 * A view over a copy. It is a security barrier: no function or operator of who asks sees a row before the view's own
 * conditions let it through, but those that are known to tell nothing.
 * @param verb CREATE, or CREATE OR REPLACE, which keeps grants and what others have built on the view
 */
export function viewStatement(
  verb: 'CREATE' | 'CREATE OR REPLACE',
  view: AuditorView,
  { projection, generation }: { readonly projection: string; readonly generation: number },
): string {
  const columns = Object.entries(view.columns).map(
    ([name, { type, sql }]) => `(${sql})::${type} AS "${name}"`,
  );
  const conditions = [`(SELECT projector.must_be_seen_live('${projection}', ${generation}))`];
  if (view.stream !== null) {
    conditions.push(`(EXISTS (${STREAMS} WHERE g.stream = '*') OR ${view.stream} IN (${STREAMS}))`);
  }
  return (
    `${verb} VIEW ${VIEWS_SCHEMA}."${view.name}" WITH (security_barrier) AS ` +
    `SELECT ${columns.join(', ')} FROM ${view.from(`${projection}_${generation}`)} ` +
    `WHERE ${conditions.join(' AND ')}`
  );
}
