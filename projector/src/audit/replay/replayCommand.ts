import { timeFromJson, timeToJson } from '@prorata/schemas';
import {
  assertTopics,
  connectLog,
  countText,
  createCodec,
  printJson,
  readSettings,
  requireSetting,
} from '@prorata/service-runtime';
import { openPool } from '../../database/openPool.ts';
import { listGenerations, schemaOf } from '../../generations/generation.ts';
import { LogSource } from '../logSource.ts';
import { Progress } from '../progress.ts';
import { replay } from './replay.ts';
import type { ReplayDifference } from './replay.ts';

export interface ReplayValues {
  readonly 'as-of'?: string | undefined;
  readonly application?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Exit code: the tables tell something otherwise than the log. */
const DIFFERENT = 1;

/** @throws Error when it could not be compared */
export async function replayCommand(values: ReplayValues): Promise<number> {
  const given = values['as-of'];
  const asOf = given === undefined ? null : timeFromJson(given);
  if (given !== undefined && asOf === null) throw new Error(`${given} is no RFC 3339 time.`);
  const report = await withTables((source, codec, pool) =>
    replay({ source, codec, pool, asOf, application: values.application ?? null }),
  );
  const { applications, events, quotas, firstDifference } = report;
  if (values.json === true) {
    const told = { asOf: asOf === null ? null : timeToJson(asOf), ...report };
    printJson(told);
  } else {
    const counted = `${countText(quotas, 'quota')} of ${countText(applications, 'application')}, from ${countText(events, 'event')}`;
    process.stdout.write(
      firstDifference === null
        ? `The tables tell what the log does: ${counted}.\n`
        : `${sentenceOf(firstDifference)}\n`,
    );
  }
  return firstDifference === null ? 0 : DIFFERENT;
}

function sentenceOf({ quotaId, table, field, log, tables }: ReplayDifference): string {
  const what = field === null ? quotaId : `${field} of ${quotaId}`;
  return `First difference: ${what} in ${table} is ${JSON.stringify(tables)}, and by the log ${JSON.stringify(log)}.`;
}

async function withTables<T>(
  work: (
    source: Progress,
    codec: ReturnType<typeof createCodec>,
    pool: ReturnType<typeof openPool>,
  ) => Promise<T>,
): Promise<T> {
  const settings = readSettings();
  const url = requireSetting(settings.databaseUrl, 'DATABASE_URL', 'the tables’ database');
  const control = openPool(url, () => undefined);
  const port = connectLog(settings, 'replay');
  try {
    const live = (await listGenerations(control)).find(
      ({ projection, state }) => projection === 'quotas' && state === 'live',
    );
    if (live === undefined) throw new Error('There are no tables to compare with yet.');
    const pool = openPool(url, () => undefined, { schemas: [schemaOf(live)] });
    const admin = await port.admin();
    const partitions = await assertTopics(admin, settings, ['quota.events']);
    await admin.close();
    const source = new Progress(new LogSource(port.log, settings.namespace, partitions));
    try {
      return await work(source, createCodec(settings), pool);
    } finally {
      source.end();
      await pool.end();
    }
  } finally {
    await Promise.all([port.close(), control.end()]);
  }
}
