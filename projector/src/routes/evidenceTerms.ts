/** How evidence may move the limits of a quota by now: who bounds it, who says its class, and who pinned it. */
import { ancestorsOf, applicationOf } from '@prorata/quota-model';
import type { ReadModels } from './readModels.ts';

/** One resource's entry among the bounds of a quota or an application, as the log has it. */
export interface EvidenceEntry {
  readonly resource: string;
  /** 0 to 0: it gives no range. */
  readonly min: number | string;
  readonly max: number | string;
  readonly workload: string | null;
  readonly pinned: boolean;
}

/** A node with what it says. */
export interface SayingNode {
  readonly node: string;
  readonly entries: readonly EvidenceEntry[];
}

/** What holds for one resource; a member that nobody speaks of is null. */
export interface EvidenceTerms {
  readonly resource: string;
  /** Of the application per second, of the quota per its own time. Bounds of a node between them are its own alone. */
  readonly bounds: { readonly min: unknown; readonly max: unknown; readonly of: string } | null;
  readonly workload: { readonly class: string; readonly of: string } | null;
  readonly pinnedBy: string | null;
}

/** As `boundsInForce`, `workloadOf` and `pinnedBy` of the model find it. @param nodes the quota first, the application last */
export function evidenceTerms(nodes: readonly SayingNode[]): readonly EvidenceTerms[] {
  const said = nodes.flatMap(({ node, entries }) => entries.map((entry) => ({ ...entry, node })));
  const ends = new Set([nodes.at(0)?.node, nodes.at(-1)?.node]);
  return [...new Set(said.map(({ resource }) => resource))].sort().map((resource) => {
    const entries = said.filter((entry) => entry.resource === resource);
    const range = entries.find(({ node, max }) => ends.has(node) && String(max) !== '0');
    const classed = entries.find(({ workload }) => workload !== null);
    return {
      resource,
      bounds: range === undefined ? null : { min: range.min, max: range.max, of: range.node },
      workload: classed === undefined ? null : { class: classed.workload ?? '', of: classed.node },
      pinnedBy: entries.find(({ pinned }) => pinned)?.node ?? null,
    };
  });
}

/** Of a quota that is there. */
export async function evidenceTermsAt(
  { pool }: ReadModels,
  quotaId: string,
): Promise<readonly EvidenceTerms[]> {
  const path = [quotaId, ...ancestorsOf(quotaId)];
  const { rows } = await pool.query<SayingNode>(
    `SELECT quota_id AS node, content -> 'rightsizing' AS entries FROM quotas WHERE quota_id = ANY($1)
     UNION ALL SELECT application, rightsizing FROM applications WHERE application = $2`,
    [path, applicationOf(quotaId)],
  );
  const entriesOf = new Map(rows.map(({ node, entries }) => [node, entries]));
  const nodes = [...path, applicationOf(quotaId)];
  return evidenceTerms(nodes.map((node) => ({ node, entries: entriesOf.get(node) ?? [] })));
}
