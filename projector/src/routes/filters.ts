import type { Reach } from '@prorata/service-runtime';

/** SQL with a `?` for each value; never a client's text. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Conditions of a query, each with its parameters numbered as they come. */
export class Filters {
  readonly #conditions: string[] = [];
  readonly #values: unknown[];

  /** @param values those of a statement that these conditions are a part of: theirs come after */
  constructor(values: readonly unknown[] = []) {
    this.#values = [...values];
  }

  /** @param columns SQL, never a client's text */
  equal(columns: string, value: unknown): this {
    return value === null ? this : this.add(`${columns} = ?`, value);
  }

  /** Every `?` stands for the next value. */
  add(condition: string, ...values: readonly unknown[]): this {
    let at = 0;
    this.#conditions.push(condition.replace(/\?/g, () => this.value(values[at++])));
    return this;
  }

  addCondition({ sql, values }: Condition): this {
    return this.add(sql, ...values);
  }

  /** Only what lies in one of the scopes, each as the condition says it. */
  within(reach: Reach, conditionOf: (scope: string) => Condition): this {
    const condition = reachCondition(reach, conditionOf);
    return condition === null ? this : this.addCondition(condition);
  }

  /** The same conditions, to go on from; the values are those of `last`, which holds all of them. */
  copy(last: Filters = this): Filters {
    const copied = new Filters(last.values);
    copied.#conditions.push(...this.#conditions);
    return copied;
  }

  /** The placeholder of one more value. */
  value(value: unknown): string {
    this.#values.push(value);
    return `$${this.#values.length}`;
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`;
  }

  get values(): unknown[] {
    return this.#values;
  }
}

/** What lies in one of the scopes; null: everything does. */
export function reachCondition(
  reach: Reach,
  conditionOf: (scope: string) => Condition,
): Condition | null {
  if (reach === 'everywhere') return null;
  const conditions = reach.map((scope) => conditionOf(scope));
  const any = conditions.map(({ sql }) => sql).join(' OR ');
  return {
    sql: `(${any === '' ? 'false' : any})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** One row more than asked for tells whether there is a next page. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  cursor: (last: Row) => string,
): { readonly page: readonly Row[]; readonly next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rows.length > limit && last !== undefined ? cursor(last) : null };
}
