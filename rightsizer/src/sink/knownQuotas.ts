import { parentOf } from '@prorata/quota-model';
import type { EventMessage } from '@prorata/schemas';

interface KnownQuota {
  /** Microseconds: when its path first was one. */
  readonly since: bigint;
  /** Who was named as payer on it, and since when first. */
  readonly payers: Map<string, bigint>;
}

/**
 * Which quotas there ever were, and who was ever named as their payer: what a usage record may speak
 * of. Nothing is forgotten: usage comes late, and hosts go by rules that lag.
 */
export class KnownQuotas {
  readonly #quotas = new Map<string, KnownQuota>();
  /** Those that are, by the path above them: what a move takes along. */
  readonly #children = new Map<string, Set<string>>();

  fold(event: EventMessage): void {
    const { quotaId, decidedAt } = event.value.envelope;
    if (quotaId === null) return;
    switch (event.type) {
      case 'QuotaCreated':
        this.#add(quotaId, decidedAt);
        this.#name(quotaId, event.value.content.project, decidedAt);
        return;
      case 'QuotaChanged':
      case 'QuotaRestored':
        this.#name(quotaId, event.value.content.project, decidedAt);
        return;
      case 'QuotaTransferred':
        this.#name(quotaId, event.value.project, decidedAt);
        return;
      case 'QuotaMoved':
        this.#move(quotaId, event.value.toQuotaId, decidedAt);
        return;
      case 'QuotaDeleted':
        this.#children.get(parentOf(quotaId))?.delete(quotaId);
        return;
      default:
    }
  }

  /** @param at microseconds */
  has(quotaId: string, at: bigint): boolean {
    const known = this.#quotas.get(quotaId);
    return known !== undefined && known.since <= at;
  }

  /** Whether the project was named by then as payer on the quota or on one above it. */
  wasPaidBy(quotaId: string, project: string, at: bigint): boolean {
    for (let id = quotaId; id !== ''; id = parentOf(id)) {
      const since = this.#quotas.get(id)?.payers.get(project);
      if (since !== undefined && since <= at) return true;
    }
    return false;
  }

  #add(quotaId: string, since: bigint): void {
    if (!this.#quotas.has(quotaId)) this.#quotas.set(quotaId, { since, payers: new Map() });
    const parent = parentOf(quotaId);
    let siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, (siblings = new Set()));
    siblings.add(quotaId);
  }

  #name(quotaId: string, project: string | null, since: bigint): void {
    const payers = this.#quotas.get(quotaId)?.payers;
    if (project !== null && payers?.has(project) === false) payers.set(project, since);
  }

  /** What is below goes along, and so does who paid: hosts report under the new path what they began under the old. */
  #move(quotaId: string, toQuotaId: string, movedAt: bigint): void {
    const below = [...(this.#children.get(quotaId) ?? [])];
    this.#children.get(parentOf(quotaId))?.delete(quotaId);
    this.#children.delete(quotaId);
    this.#add(toQuotaId, movedAt);
    for (const [project, since] of this.#quotas.get(quotaId)?.payers ?? []) {
      this.#name(toQuotaId, project, since);
    }
    for (const id of below) this.#move(id, `${toQuotaId}${id.slice(quotaId.length)}`, movedAt);
  }
}
