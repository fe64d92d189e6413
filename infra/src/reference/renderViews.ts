import { databaseRoles, relationKinds, roleTable } from '../../../projector/src/roles/roleTable.ts';
import type { RelationKind } from '../../../projector/src/roles/roleTable.ts';
import { auditorViews } from '../../../projector/src/views/auditorViews.ts';
import type { AuditorView } from '../../../projector/src/views/auditorView.ts';
import { cell } from './jsonForm.ts';

/** docs/reference/views.md. */
export function renderViews(): string {
  return (
    [introduction, rolesText, roleRows(), summary(), ...auditorViews.map(section)].join('\n\n') +
    '\n'
  );
}

const introduction = `# The views

Made from the code that creates them, by \`npm run generate\`. Do not edit.

The schema \`prorata\` of the projector's database has a view for each read model, for auditors' own tools:
[how to let them in](../how-to/let-auditors-query.md). **Stable**: columns are added at the end; none is renamed, removed or
given another type. A rebuild of the tables behind them does not touch the views' grants, nor what is built on them.

**Rows.** A row belongs to a stream, and a session sees those of the streams granted to its login (\`granted_streams\`), and no
others: the views are security barriers. \`*\` is every stream.
A function or an error in a condition of your own is not shown other rows; how many there are, a plan may tell.

**Moments.** A statement sees the tables from before or from after a rebuild. A transaction that keeps one snapshot
(\`REPEATABLE READ\`) and began before a rebuild ended is told to begin again (\`40001\`).
What the views show may be a moment behind the log: \`stream_heads\` says of each stream how far they are.
Amounts are exact; times have microseconds.`;

const rolesText = `## Roles

The projector makes them when it starts, where the user of \`DATABASE_URL\` may, and takes them on; a test holds this table
against what the database says. Tables, copies and views are made by that user itself. Where a role is missing, what would
run under it runs as that user, and the log says so.`;

function roleRows(): string {
  const kinds = Object.keys(relationKinds) as RelationKind[];
  const rows = databaseRoles.map((role) => {
    const { about, may } = roleTable[role];
    const cells = kinds.map((kind) => (may[kind].length === 0 ? '' : may[kind].join(', ')));
    return `| \`${role}\` | ${cell(about)} | ${cells.join(' | ')} |`;
  });
  return table(
    ['role', 'who runs under it', ...kinds.map((kind) => cell(relationKinds[kind]))],
    rows,
  );
}

function summary(): string {
  const rows = auditorViews.map(
    ({ name, about, stream }) =>
      `| [\`${name}\`](#${name}) | ${cell(about)} | ${streamOf(stream)} |`,
  );
  return `## All of them\n\n${table(['view', 'what', "a row's stream"], rows)}`;
}

/** \`'application:' || t.application\` as people read it. */
function streamOf(stream: string | null): string {
  if (stream === null) return '';
  if (stream === 't.stream') return '`stream`';
  const [, kind = ''] = /^'(\w+:)'/.exec(stream) ?? [];
  return `\`${kind}…\``;
}

function section({ name, about, columns }: AuditorView): string {
  const rows = Object.entries(columns).map(
    ([column, { type, about: text }]) => `| \`${column}\` | \`${type}\` | ${cell(text)} |`,
  );
  return `## ${name}\n\n${about}\n\n${table(['column', 'type', 'what'], rows)}`;
}

function table(heads: readonly string[], rows: readonly string[]): string {
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows].join('\n');
}
