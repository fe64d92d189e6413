import {
  assertTopics,
  connectLog,
  NOT_DONE,
  parseWords,
  printJson,
  readSettings,
  requireSetting,
  runCommand,
  UsageError,
} from '@prorata/service-runtime';
import type { Pool } from 'pg';
import { openPool } from '../database/openPool.ts';
import { readTopics } from '../routes/readModels.ts';
import { listGenerations, schemaOf } from './generation.ts';
import { progressOf } from './progress.ts';
import type { Log } from './progress.ts';
import { projectionNamed, projections } from './projections.ts';
import type { ProjectionDefinition } from './projections.ts';
import { rebuild } from './rebuild.ts';
import type { RebuildEnd, RebuildProgress } from './rebuild.ts';

const names = projections.map(({ name }) => name).join(', ');
const USAGE = `usage: projections list [--json]
       projections rebuild NAME [--json]

  list      the copies of each projection's tables: which is read, which is filled and how far
  rebuild   has the running projectors fill another copy from the log beside the one that is read,
            and switch to it once it has caught up; NAME is one of ${names}
  --json    an object a line
exit 0: done; 1: the new copy cannot be filled, the former one is read as before; 2: it could not be done
`;

const STOPPED = 1;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(args, options);
  const [command, name, ...more] = positionals;
  const isJson = values.json === true;
  if (values.help === true || command === 'help' || command === undefined) {
    process.stdout.write(USAGE);
    return command === undefined && values.help !== true ? NOT_DONE : 0;
  }
  if (more.length > 0) throw new UsageError(`${more.join(' ')} is not expected.`);
  if (command === 'list' && name === undefined) {
    return withTables((pool, log) => list(pool, log, isJson));
  }
  if (command !== 'rebuild') throw new UsageError(`${command} is none of list, rebuild.`);
  const definition = projectionNamed(name ?? '');
  if (definition === undefined) throw new UsageError(`${name ?? 'Nothing'} is none of ${names}.`);
  return withTables((pool, log) => follow(pool, log, definition, isJson));
}

async function withTables<T>(work: (pool: Pool, log: Log) => Promise<T>): Promise<T> {
  const settings = readSettings();
  const url = requireSetting(settings.databaseUrl, 'DATABASE_URL', 'the tables’ database');
  const pool = openPool(url, () => undefined);
  const port = connectLog(settings, 'projections');
  try {
    const admin = await port.admin();
    const partitions = await assertTopics(admin, settings, [...readTopics]);
    await admin.close();
    return await work(pool, { log: port.log, namespace: settings.namespace, partitions });
  } finally {
    await Promise.all([port.close(), pool.end()]);
  }
}

async function list(pool: Pool, log: Log, isJson: boolean): Promise<number> {
  for (const each of await listGenerations(pool)) {
    const definition = projectionNamed(each.projection);
    const progress =
      definition === undefined || each.state === 'asked'
        ? null
        : await progressOf(pool, each, definition, log);
    const { projection, version, state, trouble } = each;
    const copy = schemaOf(each);
    if (isJson) printJson({ projection, copy, version, state, ...progress, trouble });
    else {
      const share = progress === null ? '' : `${percent(progress.done, progress.total)} of the log`;
      const cells = [copy.padEnd(14), `version ${version}`.padEnd(12), state.padEnd(9), share];
      process.stdout.write(`${[...cells, trouble ?? ''].join(' ').trimEnd()}\n`);
    }
  }
  return 0;
}

async function follow(
  pool: Pool,
  log: Log,
  definition: ProjectionDefinition,
  isJson: boolean,
): Promise<number> {
  const startedMs = performance.now();
  const onProgress = (progress: RebuildProgress): void => {
    if (isJson) printJson(progress);
    else process.stderr.write(`${lineOf(progress)}\n`);
  };
  const end = await rebuild({ pool, definition, log, onProgress });
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  if (isJson) printJson({ ...end, seconds });
  else process.stdout.write(`${sentenceOf(end, seconds)}\n`);
  if (end.kind === 'live') return 0;
  return end.kind === 'stopped' ? STOPPED : NOT_DONE;
}

function lineOf({ schema, done, total, rate, secondsLeft }: RebuildProgress): string {
  const parts = [`${schema}: ${percent(done, total)} of ${total.toLocaleString('en')} records`];
  if (rate !== null) parts.push(`${Math.round(rate).toLocaleString('en')} a second`);
  if (secondsLeft !== null) parts.push(`${Math.ceil(secondsLeft)} s left`);
  return parts.join(', ');
}

function sentenceOf(end: RebuildEnd, seconds: number): string {
  switch (end.kind) {
    case 'live':
      return `${end.schema} is read now, ${seconds} s after it was asked for.`;
    case 'stopped':
      return `${end.schema} cannot be filled, and the former copy is read as before: ${end.trouble}`;
    case 'waiting':
      return `No projector of this version has begun to fill ${end.schema}: it is asked for, and one that starts will.`;
    case 'given up':
      return `${end.schema} was given up: another copy was asked for.`;
  }
}

const percent = (done: number, total: number): string =>
  total === 0 ? '100 %' : `${Math.floor((done / total) * 100)} %`;

runCommand(run, USAGE);
