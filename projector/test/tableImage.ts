import { Writable } from 'node:stream';
import { auditTables, hostTables, quotaTables } from '../src/database/tables.ts';
import type { Row } from '../src/database/tables.ts';

interface SpanEnd {
  readonly quota_id: string;
  readonly until: string;
  readonly until_time: string;
}

/**
 * Stands in for a connection: takes the statements of `appendRows`, `upsertRows`, `deleteRows`, the deletion of quotas, commitments and declared limits, what alters versions and ends spans, and
 * keeps the rows by key. Tables are sorted by key, as text.
 */
export class TableImage {
  readonly #tables = new Map<string, Map<string, Row>>();

  get tables(): Readonly<Record<string, readonly Row[]>> {
    return Object.fromEntries(
      [...this.#tables].map(([name, rows]) => [
        name,
        [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row),
      ]),
    );
  }

  query(
    statement: string | { readonly text: string; readonly values?: readonly unknown[] },
    [parameter, to]: readonly unknown[] = [],
  ): Promise<{ rows: Row[] }> | Writable {
    if (typeof statement !== 'string') {
      const { text, values } = statement;
      return values === undefined ? this.#copy(text) : this.query(text, values);
    }
    // Which partitions are missing: none.
    if (statement.startsWith('SELECT month')) return Promise.resolve({ rows: [] });
    // Which reports are there; who is forgotten or crowded out.
    if (statement.startsWith('SELECT application')) return Promise.resolve({ rows: [] });
    if (/^DELETE FROM (hosts|targets) /.test(statement)) return Promise.resolve({ rows: [] });
    if (statement.startsWith('UPDATE quota_history')) {
      const rows = this.#endSpans(JSON.parse(parameter as string) as SpanEnd[]);
      return Promise.resolve({ rows });
    }
    if (statement.startsWith('DELETE FROM quotas')) {
      for (const id of parameter as string[]) this.#table('quotas').delete(JSON.stringify([id]));
      return Promise.resolve({ rows: [] });
    }
    if (statement.startsWith('DELETE FROM commitments')) {
      const rows = this.#table('commitments');
      for (const [key, { node }] of rows) {
        if ((parameter as unknown[]).includes(node)) rows.delete(key);
      }
      return Promise.resolve({ rows: [] });
    }
    if (statement.startsWith('DELETE FROM declared_limits')) {
      const rows = this.#table('declared_limits');
      for (const [key, { quota_id: id }] of rows) {
        if ((parameter as unknown[]).includes(id)) rows.delete(key);
      }
      return Promise.resolve({ rows: [] });
    }
    if (statement.startsWith('UPDATE quota_versions')) {
      this.#alterVersions(parameter as string, to as string | undefined);
      return Promise.resolve({ rows: [] });
    }
    const from = /^DELETE FROM "(\w+)"/.exec(statement)?.[1];
    if (from !== undefined) {
      for (const id of JSON.parse(parameter as string) as unknown[]) {
        this.#table(from).delete(JSON.stringify(id));
      }
      return Promise.resolve({ rows: [] });
    }
    const name = /^INSERT INTO "(\w+)"/.exec(statement)?.[1];
    if (name !== undefined && !statement.includes('ON CONFLICT')) {
      for (const row of JSON.parse(parameter as string) as Row[]) this.#append(name, row);
      return Promise.resolve({ rows: [] });
    }
    const key = /ON CONFLICT \(([^)]+)\) DO (\w+)/.exec(statement);
    if (name === undefined || key?.[1] === undefined) throw new Error(`Unknown: ${statement}`);
    const columns = key[1].split(', ').map((column) => column.replaceAll('"', ''));
    const rows = this.#table(name);
    for (const row of JSON.parse(parameter as string) as Row[]) {
      const id = JSON.stringify(columns.map((column) => row[column]));
      if (key[2] === 'UPDATE' || !rows.has(id)) rows.set(id, row);
    }
    return Promise.resolve({ rows: [] });
  }

  /** What the driver's COPY is written to. */
  #copy(statement: string): Writable {
    const [, name = '', list = ''] = /^COPY "(\w+)" \(([^)]+)\)/.exec(statement) ?? [];
    const table = [...quotaTables, ...auditTables, ...hostTables].find(
      (each) => each.name === name,
    );
    const columns = list.replaceAll('"', '').split(', ');
    let text = '';
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        text += chunk.toString();
        done();
      },
      final: (done) => {
        for (const line of text.split('\n').slice(0, -1)) {
          const fields = line.split('\t').map(unescaped);
          const row = Object.fromEntries(
            columns.map((column, index) => {
              const field = fields[index] ?? null;
              const isJson = table?.columns[column] === 'jsonb' && field !== null;
              return [column, isJson ? (JSON.parse(field) as unknown) : field];
            }),
          );
          const key = JSON.stringify(table?.key.map((column) => row[column]));
          this.#table(name).set(key, row);
        }
        done();
      },
    });
  }

  /** As COPY has it: all columns, those of JSON apart as text. */
  #append(name: string, given: Row): void {
    const table = [...quotaTables, ...auditTables, ...hostTables].find(
      (each) => each.name === name,
    );
    const row = Object.fromEntries(
      Object.entries(table?.columns ?? {}).map(([column, type]) => {
        const value = given[column] ?? null;
        const isKept = value === null || type === 'jsonb' || typeof value === 'string';
        return [column, isKept ? value : JSON.stringify(value)];
      }),
    );
    this.#table(name).set(JSON.stringify(table?.key.map((column) => row[column])), row);
  }

  #endSpans(ends: readonly SpanEnd[]): Row[] {
    const rows = this.#table('quota_history');
    return ends.flatMap((end) => {
      const [key, row] =
        [...rows].find(([, each]) => each['quota_id'] === end.quota_id && each['until'] === null) ??
        [];
      if (key === undefined || row === undefined) return [];
      rows.set(key, { ...row, until: end.until, until_time: end.until_time });
      return [row];
    });
  }

  /** A move names two ids, what ended a list of ids. */
  #alterVersions(parameter: string, to: string | undefined): void {
    const ends =
      to === undefined ? (JSON.parse(parameter) as { quota_id: string; at: string }[]) : [];
    const rows = this.#table('quota_versions');
    for (const [key, row] of rows) {
      if (row['ended'] !== null) continue;
      const quotaId = String(row['quota_id']);
      const end = ends.find(({ quota_id: id }) => id === quotaId);
      if (end !== undefined) rows.set(key, { ...row, ended: end.at });
      if (to === undefined || !`${quotaId}/`.startsWith(`${parameter}/`)) continue;
      rows.set(key, { ...row, quota_id: `${to}${quotaId.slice(parameter.length)}` });
    }
  }

  #table(name: string): Map<string, Row> {
    const rows = this.#tables.get(name) ?? new Map<string, Row>();
    this.#tables.set(name, rows);
    return rows;
  }
}

const UNESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** A field of COPY's text format; null for its NULL. */
function unescaped(field: string): string | null {
  if (field === '\\N') return null;
  return field.replaceAll(/\\(.)/g, (_all, letter: string) => UNESCAPES[letter] ?? letter);
}
