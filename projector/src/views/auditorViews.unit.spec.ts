import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { projections } from '../generations/projections.ts';
import { auditorViews, VIEWS_VERSION } from './auditorViews.ts';
import { viewStatement } from './viewStatement.ts';

/** The version of the views, and the SHA-256 of all statements. */
const RECORDED = path.join(import.meta.dirname, 'recordedViews.json');

/** Columns that views tell under another name, or not at all. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  audit_log: ['kind'],
  rule_changes: ['slot'],
};

describe('the views', () => {
  it('are the recorded ones of their version: who changes one raises it, and records the new form', () => {
    const statements = auditorViews.map((view) =>
      viewStatement('CREATE', view, { projection: view.projection, generation: 1 }),
    );
    const sha256 = createHash('sha256').update(statements.join('\n')).digest('hex');
    // Where only `sha256` differs: raise VIEWS_VERSION, then write here what was received. Columns come at the end.
    expect({ version: VIEWS_VERSION, sha256 }).toEqual(JSON.parse(readFileSync(RECORDED, 'utf8')));
  });

  it.each(projections.flatMap(({ tables }) => tables))(
    'have every column of the read model $name',
    ({ name, columns }) => {
      const told = auditorViews
        .filter(({ from }) => from('copy').includes(`copy."${name}"`))
        .flatMap((view) => Object.keys(view.columns));
      const missing = Object.keys(columns).filter((column) => !told.includes(column));
      expect(missing).toEqual(ELSEWHERE[name] ?? []);
    },
  );

  it('limit rows by a stream, all of them but what the session may read', () => {
    const unlimited = auditorViews.filter(({ stream }) => stream === null);
    expect(unlimited.map(({ name }) => name)).toEqual(['granted_streams']);
  });
});
