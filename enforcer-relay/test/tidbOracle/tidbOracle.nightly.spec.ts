import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { groupNameOf } from '../../src/dispatch/tidb/groupName.ts';
import { dropStatement, groupsText, readGroupsText } from '../../src/dispatch/tidb/groupsText.ts';
import type { BurstableOff } from '../../src/dispatch/tidb/groupsText.ts';
import {
  ELAPSED_MILLIS_MAX,
  FIGURE_MAX,
  RU_PER_SEC_MAX,
} from '../../src/dispatch/tidb/resourceGroup.ts';
import type { ResourceGroup } from '../../src/dispatch/tidb/resourceGroup.ts';
import { askProgram, buildGoProgram, hasGo } from '../goProgram.ts';

const SEED = 20_261_121;
const GROUPS = 5_000;
const PREFIX = 'pr_moka__';

const isThere = await hasGo();
if (!isThere) {
  process.stderr.write("There is no Go: what TiDB's own parser makes of the SQL is not checked.\n");
}

interface Parsed {
  /** As the parser writes again what it has understood. */
  readonly statements: readonly string[];
  readonly problem: string;
}

const figures = fc.option(fc.bigInt(1n, FIGURE_MAX), { nil: null });
const queries = fc
  .record({
    elapsedMillis: fc.option(fc.bigInt(1n, ELAPSED_MILLIS_MAX), { nil: null }),
    processedKeys: figures,
    requestUnits: figures,
    action: fc.constantFrom('DRYRUN', 'COOLDOWN', 'KILL'),
  })
  .filter(
    ({ elapsedMillis, processedKeys, requestUnits }) =>
      elapsedMillis !== null || processedKeys !== null || requestUnits !== null,
  );
const paths = fc
  .array(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/), { minLength: 1, maxLength: 4 })
  .map((segments) => ['moka', ...segments].join('/'));
const groups: fc.Arbitrary<ResourceGroup> = fc.record({
  name: paths.map((quotaId) => groupNameOf(PREFIX, quotaId)),
  ruPerSec: fc.oneof(fc.constant('unlimited' as const), fc.bigInt(1n, RU_PER_SEC_MAX)),
  priority: fc.constantFrom('LOW', 'MEDIUM', 'HIGH'),
  isBurstable: fc.boolean(),
  queryLimit: fc.option(queries, { nil: null }),
});

/** What the parser is to have understood, in its own words: written here from the group, not from our text. */
function understood(group: ResourceGroup, verb: 'CREATE' | 'ALTER'): string {
  const isUnlimited = group.ruPerSec === 'unlimited';
  const { queryLimit } = group;
  const burst = group.isBurstable ? 'MODERATED' : 'OFF';
  const isBurstSaid = verb === 'CREATE' ? group.isBurstable : !isUnlimited;
  const limits =
    queryLimit === null
      ? null
      : [
          queryLimit.elapsedMillis === null
            ? []
            : [`EXEC_ELAPSED = '${queryLimit.elapsedMillis}ms'`],
          queryLimit.processedKeys === null ? [] : [`PROCESSED_KEYS = ${queryLimit.processedKeys}`],
          queryLimit.requestUnits === null ? [] : [`RU = ${queryLimit.requestUnits}`],
          [`ACTION = ${queryLimit.action}`],
        ]
          .flat()
          .join(' ');
  const options = [
    `RU_PER_SEC = ${isUnlimited ? 'UNLIMITED' : group.ruPerSec.toString()}`,
    `PRIORITY = ${group.priority}`,
    ...(isBurstSaid ? [`BURSTABLE = ${burst}`] : []),
    ...(limits === null ? [] : [`QUERY_LIMIT = (${limits})`]),
    ...(limits === null && verb === 'ALTER' ? ['QUERY_LIMIT = NULL'] : []),
  ];
  const condition = verb === 'CREATE' ? ' IF NOT EXISTS' : '';
  return `${verb} RESOURCE GROUP${condition} \`${group.name}\` ${options.join(', ')}`;
}

describe.runIf(isThere)("TiDB's own parser", () => {
  let program = '';
  beforeAll(async () => {
    program = await buildGoProgram(import.meta.dirname, 'tidb-oracle');
  }, 1_200_000);

  const parsed = async (texts: readonly string[]): Promise<readonly Parsed[]> =>
    askProgram<Parsed>(program, texts);

  const textOf = (group: ResourceGroup, off: BurstableOff = 'OFF'): string =>
    groupsText(PREFIX, off, [group]);

  it('takes whatever is written, and understands by it what is meant', async () => {
    const some = fc.sample(groups, { numRuns: GROUPS, seed: SEED }).map((group) => ({
      ...group,
      isBurstable: group.isBurstable && group.ruPerSec !== 'unlimited',
    }));
    const answers = await parsed(some.map((group) => textOf(group)));
    for (const [index, group] of some.entries()) {
      expect(answers[index]).toEqual({
        statements: [understood(group, 'CREATE'), understood(group, 'ALTER')],
        problem: '',
      });
      expect(readGroupsText(textOf(group)).groups).toEqual([group]);
    }
  });

  it('takes a drop, of any name that is ours', async () => {
    const names = fc
      .sample(paths, { numRuns: 500, seed: SEED })
      .map((id) => groupNameOf(PREFIX, id));
    const answers = await parsed(names.map(dropStatement));
    expect(answers).toEqual(
      names.map((name) => ({
        statements: [`DROP RESOURCE GROUP IF EXISTS \`${name}\``],
        problem: '',
      })),
    );
  });

  it('needs no quotes around a name of ours, so that a person can write it in a hint', async () => {
    const names = fc
      .sample(paths, { numRuns: 500, seed: SEED })
      .map((id) => groupNameOf(PREFIX, id));
    const answers = await parsed(names.map((name) => `SET RESOURCE GROUP ${name}`));
    expect(answers.filter(({ problem }) => problem !== '')).toEqual([]);
  });

  it('is of the age that takes OFF and not FALSE, of which a server of before is told by the settings', async () => {
    const group: ResourceGroup = {
      name: 'pr_moka__a',
      ruPerSec: 5n,
      priority: 'LOW',
      isBurstable: false,
      queryLimit: null,
    };
    const [off, no] = await parsed([textOf(group), textOf(group, 'FALSE')]);
    expect(off?.problem).toBe('');
    expect(no?.problem).toContain('FALSE');
  });
});
