import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from '../table/usageDatabase.ts';
import { assertColumns, mappedColumns } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { mapFields } from './mapFields.ts';
import { SourceFault } from './sourceFault.ts';
import type { SourceRecord, UsageSource } from './usageSource.ts';

/** Columns beyond this many are no table of usage. */
const COLUMNS_MAX = 1_000;

/** A Parquet file that a locked-down database may open: it lies in that database's folder. */
export class ParquetSource implements UsageSource {
  readonly #connect: () => Promise<DuckDBConnection>;
  readonly #file: string;
  readonly #importId: string;
  readonly #mapping: Mapping;

  constructor(
    connect: () => Promise<DuckDBConnection>,
    file: string,
    importId: string,
    mapping: Mapping,
  ) {
    this.#connect = connect;
    this.#file = file;
    this.#importId = importId;
    this.#mapping = mapping;
  }

  async *read(): AsyncGenerator<readonly SourceRecord[]> {
    const connection = await this.#connect();
    try {
      const columns = await this.#columns(connection);
      assertColumns(this.#mapping, columns);
      const wanted = [...new Set(mappedColumns(this.#mapping))];
      const texts = wanted.map((name, index) => `${sqlName(name)}::VARCHAR AS c${index}`);
      const result = await connection.stream(
        `SELECT ${texts.join(', ')} FROM read_parquet(${sqlText(this.#file)})`,
      );
      let position = 0n;
      for await (const rows of result.yieldRows()) {
        yield rows.map((row) => {
          position += 1n;
          return this.#record(wanted, row as (string | null)[], position);
        });
      }
    } finally {
      connection.closeSync();
    }
  }

  #record(
    columns: readonly string[],
    row: readonly (string | null)[],
    position: bigint,
  ): SourceRecord {
    const fields = (column: string): string | null | undefined => row[columns.indexOf(column)];
    const told = mapFields(fields, this.#mapping, { importId: this.#importId, position });
    // A row has no bytes of its own; what it says is kept as JSON, for whoever looks into the quarantine.
    const raw = (): Buffer =>
      Buffer.from(JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at]]))));
    return { position, raw: told.kind === 'usage' ? NO_BYTES : raw(), ...told };
  }

  async #columns(connection: DuckDBConnection): Promise<readonly string[]> {
    try {
      const result = await connection.runAndReadAll(
        `DESCRIBE SELECT * FROM read_parquet(${sqlText(this.#file)})`,
      );
      const names = result.getRows().map(([name]) => String(name));
      if (names.length <= COLUMNS_MAX) return names;
    } catch (cause) {
      throw new SourceFault('FILE_UNREADABLE', 'it is no Parquet file', { cause });
    }
    throw new SourceFault('FILE_UNREADABLE', `it has more than ${COLUMNS_MAX} columns`);
  }
}

const NO_BYTES = Buffer.alloc(0);

const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
