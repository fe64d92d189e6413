import { LogRefused } from '@prorata/kafka-port';
import type { LogAdmin } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Pool } from 'pg';
import { listGenerations, schemaOf } from './generation.ts';
import type { ProjectionDefinition } from './projections.ts';

/** `projector-quotas_3-events`: where its offsets are nobody's but this copy's. */
export function groupOf(schema: string, topic: string, namespace: string): string {
  return inNamespace(`projector-${schema}-${topic.replace(/^quota\./, '')}`, namespace);
}

type Admin = Awaited<ReturnType<Sweep['openAdmin']>>;

interface Sweep {
  readonly pool: Pool;
  readonly openAdmin: () => Promise<Pick<LogAdmin, 'listGroups' | 'deleteGroups' | 'close'>>;
  readonly definitions: readonly Pick<ProjectionDefinition, 'name' | 'topics'>[];
  readonly namespace: string;
}

/**
 * Deletes the consumer groups of copies that are no more: where a copy begins stands in its own tables, so nothing
 * is lost with them. One that an instance has not left yet stays until the next sweep.
 * @returns those that are gone
 * @throws LogUnavailable, or what the database says
 */
export async function sweepGroups(sweep: Sweep): Promise<readonly string[]> {
  const admin = await sweep.openAdmin();
  try {
    return await sweepWith(admin, sweep);
  } finally {
    await admin.close();
  }
}

async function sweepWith(
  admin: Admin,
  { pool, definitions, namespace }: Sweep,
): Promise<readonly string[]> {
  // The groups first: those of a copy that begins now are not among them.
  const groups = await admin.listGroups();
  const kept = new Set((await listGenerations(pool)).map(schemaOf));
  const gone: string[] = [];
  for (const group of groups) {
    const schema = schemaIn(group, definitions, namespace);
    if (schema === null || kept.has(schema)) continue;
    if (await hasDeleted(admin, group)) gone.push(group);
  }
  return gone;
}

function schemaIn(
  group: string,
  definitions: Sweep['definitions'],
  namespace: string,
): string | null {
  for (const { name, topics } of definitions) {
    for (const { topic } of topics) {
      const [before = '', after = ''] = groupOf(`${name}_#`, topic, namespace).split('#');
      if (!group.startsWith(before) || !group.endsWith(after)) continue;
      const number = group.slice(before.length, group.length - after.length);
      if (/^\d+$/.test(number)) return `${name}_${number}`;
    }
  }
  return null;
}

async function hasDeleted(admin: Admin, group: string): Promise<boolean> {
  try {
    await admin.deleteGroups([group]);
    return true;
  } catch (error) {
    if (error instanceof LogRefused) return false;
    throw error;
  }
}
