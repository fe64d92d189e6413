import { rounded } from '../measures.ts';
import { differences, dumpDatabase } from '../databaseDump.ts';
import { deleteDerived, dumpRules, eventsInLog } from '../derivedData.ts';
import type { DemoContext } from '../context.ts';
import type { Step, StepResult } from '../timeline.ts';
import { caughtUp } from './caughtUp.ts';

/**
 * Which copies there are and since when is of this database, not of the log, what quotas have used comes from the
 * usage table, and what hosts and the relay report is of the moment; all other tables count whole.
 */
const LEFT_OUT = ['projector', 'rightsizer', 'hosts'];
const EVENTS_MIN = 10_000;

/** Everything that is derived, deleted, and back from the log: equal in every column of every row. */
export const rebuild: Step<DemoContext> = {
  key: 'rebuild',
  title:
    'Postgres, snapshots, rule topics and group offsets were deleted, and are back from the log',
  async run(context, progress): Promise<StepResult> {
    const { stack } = context;
    await caughtUp(context);
    const database = stack.addresses.postgres;
    await Promise.all(context.hosts.map((host) => host.stop()));
    await stack.stopPart('rightsizer');
    await caughtUp(context);
    const before = await dumpDatabase(database, LEFT_OUT);
    const rulesBefore = await dumpRules(stack);
    for (const part of ['projector', 'relay', 'writer'] as const) await stack.stopPart(part);
    progress('deleting everything that is derived …');
    const deleted = await deleteDerived(stack);
    const startedMs = Date.now();
    await Promise.all((['writer', 'projector', 'relay'] as const).map((part) => stack.start(part)));
    await caughtUp(context);
    const seconds = (Date.now() - startedMs) / 1000;
    const after = await dumpDatabase(database, LEFT_OUT);
    const rulesAfter = await dumpRules(stack);
    const events = await eventsInLog(stack);
    const unlike = [...differences(before, after), ...unlikeRules(rulesBefore, rulesAfter)];
    return {
      held:
        unlike.length === 0 &&
        before.rows > EVENTS_MIN &&
        events >= EVENTS_MIN &&
        rulesBefore.size > 0 &&
        deleted.snapshots > 0 &&
        deleted.groups.length > 0,
      lines: [
        `deleted: every table, ${deleted.snapshots} records of quota.snapshots, ${deleted.topics.join(', ')}, ` +
          `the offsets of ${deleted.groups.join(', ')}`,
        `${events} events replayed; ${after.rows} rows in ${after.tables.size} tables and ` +
          `${rulesAfter.size} records of rule topics are equal, ${rounded(seconds, 1)} s after the services' start`,
        ...unlike,
      ],
      figures: {
        events,
        rows: after.rows,
        tables: after.tables.size,
        rules: rulesAfter.size,
        seconds: rounded(seconds),
        unlike: unlike.length,
      },
    };
  },
};

function unlikeRules(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  const unlike = [...keys].filter((key) => before.get(key) !== after.get(key));
  return unlike.length === 0
    ? []
    : [`${unlike.length} rules differ, the first is ${unlike[0] ?? ''}`];
}
