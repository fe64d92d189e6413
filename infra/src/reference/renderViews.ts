import { databaseRoles, relationKinds, roleTable } from '../../../projector/src/roles/roleTable.ts';
import type { RelationKind } from '../../../projector/src/roles/roleTable.ts';
import { auditorViews } from '../../../projector/src/views/auditorViews.ts';
import type { AuditorView } from '../../../projector/src/views/auditorViews.ts';
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
What a function in a condition would tell of other rows it is not shown; what a plan estimates of their number is.

**Moments.** A statement sees the tables from before or from after a rebuild. A transaction that keeps one snapshot
(\`REPEATABLE READ\`) and began before a rebuild ended is told to begin again (\`40001\`).
What the views show may be a moment behind the log: \`stream_heads\` says of each stream how far they are.
Amounts are exact; times have microseconds.`;

const rolesText = `## Roles

Made when the projector starts, where \`DATABASE_URL\`'s user may. A role that nobody made has no row's effect: what
runs under it runs as that user then.`;

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
