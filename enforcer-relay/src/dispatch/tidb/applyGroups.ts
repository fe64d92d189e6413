import type { GroupRow } from './groupsInForce.ts';
import { groupInForce } from './groupsInForce.ts';
import { alterStatement, createStatement, dropStatement, readGroupsText } from './groupsText.ts';
import type { ResourceGroup } from './resourceGroup.ts';
import { sameGroup } from './resourceGroup.ts';

/** One session with a server. */
export interface GroupsSession {
  /** Groups whose name begins with the prefix. */
  rows(prefix: string): Promise<readonly GroupRow[]>;
  run(statement: string): Promise<void>;
}

/**
 * Brings a server from what it has to what the text says, by the statements of the text that change something: each
 * is a job of the one queue in which TiDB changes its schema. A group of ours that the text does not have is
 * dropped, last; TiDB refuses that while a user is bound to it, and then it stays as it was.
 */
export async function applyGroups(session: GroupsSession, text: string): Promise<void> {
  const { prefix, burstableOff, groups } = readGroupsText(text);
  const rows = new Map((await session.rows(prefix)).map((row) => [row.name, row]));
  for (const group of groups) {
    const row = rows.get(group.name);
    if (row !== undefined && isInForce(group, row)) continue;
    if (row === undefined) await session.run(createStatement(group));
    await session.run(alterStatement(group, burstableOff));
  }
  const wanted = new Set(groups.map(({ name }) => name));
  for (const name of rows.keys()) {
    if (!wanted.has(name)) await session.run(dropStatement(name));
  }
}

function isInForce(group: ResourceGroup, row: GroupRow): boolean {
  const found = groupInForce(row);
  return found !== null && sameGroup(found, group);
}
