import { byCodeUnit } from '@prorata/quota-model';
import type { TidbSettings } from '@prorata/quota-model';
import type { DispatchedSet, Format, HeldLimit, Rendered } from '../dispatcher.ts';
import { groupNameOf } from './groupName.ts';
import { groupOfRule } from './groupOfRule.ts';
import { groupSettingsOf } from './groupSettings.ts';
import type { GroupSettings } from './groupSettings.ts';
import { GROUPS_MAX, groupsProblems } from './groupsProblems.ts';
import { groupsText, readGroupsText } from './groupsText.ts';
import type { ResourceGroup } from './resourceGroup.ts';

/** Of a rate: micro-units in a unit. */
const MICROS = 1_000_000n;
/** Said before a text of a million groups is made, which would hold the relay up. */
const TOO_MANY = `More than ${GROUPS_MAX} quotas limit the resource: more groups are not kept.`;

/**
 * SQL that makes and sets a resource group for every quota whose request units are limited.
 * @param settings as registered; what is made without a dispatcher has none
 */
export function tidbFormat(settings: Partial<TidbSettings>): Format {
  return {
    render: (set) => render(settings, set),
    check: groupsProblems,
    held: (text, set) => held(settings, text, set),
  };
}

function render(settings: Partial<TidbSettings>, set: DispatchedSet): Rendered {
  const full = groupSettingsOf(settings, set.application, set.resources);
  if (typeof full === 'string') return { kind: 'refused', reasons: [full] };
  const groups: ResourceGroup[] = [];
  const notes: string[] = [];
  for (const { rule } of set.quotas) {
    const rendered = groupOfRule(rule, full);
    if (rendered === null) continue;
    groups.push(rendered.group);
    notes.push(...rendered.notes);
    if (groups.length > GROUPS_MAX) return { kind: 'refused', reasons: [TOO_MANY] };
  }
  groups.sort((a, b) => byCodeUnit(a.name, b.name));
  return { kind: 'text', text: groupsText(full.prefix, full.burstableOff, groups), notes };
}

function held(
  settings: Partial<TidbSettings>,
  text: string,
  set: DispatchedSet,
): readonly HeldLimit[] {
  const full = groupSettingsOf(settings, set.application, set.resources);
  if (typeof full === 'string') return [];
  const quotas = new Map(
    set.quotas.map(({ rule }) => [groupNameOf(full.prefix, rule.quotaId), rule.quotaId]),
  );
  return readGroupsText(text).groups.flatMap((group) => {
    const quotaId = quotas.get(group.name);
    return quotaId === undefined ? [] : heldByGroup(quotaId, group, full);
  });
}

function heldByGroup(quotaId: string, group: ResourceGroup, settings: GroupSettings): HeldLimit[] {
  const { queryLimit } = settings;
  const of = (resource: string | null, most: bigint | null, unit: bigint): HeldLimit[] =>
    resource === null
      ? []
      : [
          {
            quotaId,
            resource,
            most: most === null ? 'unlimited' : roundedUp(most, unit),
            least: 1n,
          },
        ];
  const { ruPerSec } = group;
  // A burst goes beyond the rate only by what nobody else uses, and only where the settings say so.
  const rate = {
    quotaId,
    resource: settings.resource,
    most: ruPerSec === 'unlimited' ? ruPerSec : ruPerSec * MICROS,
    least: MICROS,
  };
  return [
    rate,
    ...of(
      queryLimit.elapsed,
      group.queryLimit?.elapsedMillis ?? null,
      queryLimit.elapsedUnitMillis,
    ),
    ...of(queryLimit.processedKeys, group.queryLimit?.processedKeys ?? null, 1n),
    ...of(queryLimit.requestUnits, group.queryLimit?.requestUnits ?? null, 1n),
  ];
}

const roundedUp = (amount: bigint, unit: bigint): bigint => (amount + unit - 1n) / unit;
