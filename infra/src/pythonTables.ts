import { pythonEnvironment } from './provision/pythonEnvironment.ts';
import type { FoundPython } from './provision/pythonEnvironment.ts';

/** DuckDB and its extensions have to agree to the last digit, or LOAD asks for a download. */
const DUCKDB = '1.5.5';

/**
 * A Python that reads Iceberg tables without our code, by pyiceberg and by DuckDB's own extension,
 * and that has a server for S3; or the reason why there is none. Its extensions are files of its
 * packages: `LOAD '<folder of duckdb_extension_iceberg>/extensions/v1.5.5/iceberg.duckdb_extension'`,
 * and before it avro and httpfs. Some 750 MB, a minute on two quiet cores.
 */
export function pythonTables(): Promise<FoundPython> {
  return pythonEnvironment({
    name: 'pyiceberg-0.12.0-duckdb-1.5.5-moto-5.2.5',
    packages: [
      'pyiceberg[pyarrow,sql-sqlite,pyiceberg-core]==0.12.0',
      'moto[server,s3]==5.2.5',
      `duckdb==${DUCKDB}`,
      ...['iceberg', 'avro', 'httpfs'].map((name) => `duckdb-extension-${name}==${DUCKDB}`),
    ],
    purpose: 'its readers of tables',
  });
}
