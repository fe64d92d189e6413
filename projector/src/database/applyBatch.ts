import type { ClientBase, Pool } from 'pg';

/** What a projection has to write for some records. Called again when a transaction has to be. */
export type RowChanges = (client: ClientBase) => Promise<void>;

export interface CheckpointKey {
  readonly projection: string;
  readonly topic: string;
  readonly partition: number;
}

/** The checkpoint is not where this owner left it: somebody else goes on from there. */
export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved';
  readonly checkpoint: CheckpointKey;
  readonly expected: bigint;
  constructor(checkpoint: CheckpointKey, expected: bigint) {
    super(`${checkpoint.topic}[${checkpoint.partition}] is no longer at ${expected}.`);
    this.checkpoint = checkpoint;
    this.expected = expected;
  }
}

/** The offset to go on from; the row is made when it is absent. */
export async function readCheckpoint(pool: Pool, key: CheckpointKey): Promise<bigint> {
  const parameters = [key.projection, key.topic, key.partition];
  await pool.query(
    'INSERT INTO projection_checkpoint (projection, topic, partition, next_offset) ' +
      'VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING',
    parameters,
  );
  const { rows } = await pool.query<{ next_offset: string }>(
    'SELECT next_offset FROM projection_checkpoint WHERE projection = $1 AND topic = $2 AND partition = $3',
    parameters,
  );
  return BigInt(rows[0]?.next_offset ?? 0);
}

/**
 * One transaction: the checkpoint moves and the rows change, or neither. The compare-and-set comes
 * first, so that of two owners the second waits for the first and then finds the row moved.
 * @throws CheckpointMoved, with nothing written
 */
export async function applyBatch(
  pool: Pool,
  key: CheckpointKey,
  range: { readonly from: bigint; readonly to: bigint },
  changes: RowChanges,
): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const { rowCount } = await client.query({
      ...MOVE,
      values: [range.to, key.projection, key.topic, key.partition, range.from],
    });
    if (rowCount !== 1) throw new CheckpointMoved(key, range.from);
    await changes(client);
    await client.query('COMMIT');
  } catch (error) {
    broken = await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** By its name it is planned once a connection. */
const MOVE = {
  name: 'move_checkpoint',
  text:
    'UPDATE projection_checkpoint SET next_offset = $1 ' +
    'WHERE projection = $2 AND topic = $3 AND partition = $4 AND next_offset = $5',
};

/** @returns why the connection cannot be used again, if it cannot. */
async function rollBack(client: ClientBase): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * idle_in_transaction_session_timeout and transaction_timeout: this process stalled and the server
 * rolled back. Its class is otherwise of our own mistakes.
 */
const PASSING_CODES: readonly string[] = ['25P03', '25P04'];
/** Classes of SQLSTATE that pass by themselves: connection, resources, operator, lock, rollback. */
const PASSING_CLASSES: readonly string[] = ['08', '40', '53', '55', '57'];
/**
 * What the driver reports when there is no server to give a SQLSTATE, and of a connection that the
 * server closed between two queries.
 */
const PASSING_MESSAGE =
  /terminat|timeout|encountered a connection error|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN/i;

/** Whether the same transaction may succeed later. Anything else is a fault of ours. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    return PASSING_CODES.includes(code) || PASSING_CLASSES.includes(code.slice(0, 2));
  }
  const causes = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return (
    PASSING_MESSAGE.test(`${error.message} ${typeof code === 'string' ? code : ''}`) ||
    causes.some(isPassing)
  );
}

/** undefined_table and invalid_schema_name. */
const GONE_CODES: readonly string[] = ['42P01', '3F000'];

/** Whether the copy that it wrote to has been dropped. */
export function isGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && GONE_CODES.includes(code);
}

/** Data exceptions, broken constraints and exceeded limits: the same rows will never fit. */
const UNSTORABLE_CLASSES: readonly string[] = ['22', '23', '54'];

/** Whether the rows themselves are the trouble, so that trying again, or restarting, changes nothing. */
export function isUnstorable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && UNSTORABLE_CLASSES.includes(code.slice(0, 2));
}
