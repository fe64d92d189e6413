import type { RowsFile, TableVersion } from '../table/tableVersion.ts';

/**
 * When each organization's first usage window begins. Files never change and no row goes, so of each version only
 * the files are read that no earlier one had.
 */
export class FirstUses {
  /** Keys of the files of the version that was looked at last. */
  #looked: ReadonlySet<string> = new Set();
  readonly #starts = new Map<string, bigint>();

  /** Microseconds; null: it has used nothing. */
  async of(version: TableVersion, organization: string): Promise<bigint | null> {
    const files = await version.files();
    const fresh = files.filter(({ key }) => !this.#looked.has(key));
    if (fresh.length > 0) await this.#look(version, fresh);
    this.#looked = new Set(files.map(({ key }) => key));
    return this.#starts.get(organization) ?? null;
  }

  async #look(version: TableVersion, files: readonly RowsFile[]): Promise<void> {
    const rows = await version.scan(files, async (source, connection) => {
      const result = await connection.runAndReadAll(`
        SELECT split_part(project, '/', 1) AS organization, min(epoch_us(window_start)) AS first
        FROM ${source} WHERE used > 0 AND resource <> '' AND project IS NOT NULL GROUP BY 1`);
      return result.getRowObjects();
    });
    for (const row of rows) {
      const [organization, first] = [row['organization'] as string, row['first'] as bigint];
      const known = this.#starts.get(organization);
      if (known === undefined || first < known) this.#starts.set(organization, first);
    }
  }
}
