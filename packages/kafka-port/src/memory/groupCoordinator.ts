import type { VirtualClock } from './virtualClock.ts';

/** A member as the coordinator sees it: where to send an assignment, and when it was last heard of. */
export interface GroupSeat {
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  /** Sends the member its partitions; a stalled one hears of it later. */
  readonly assign: (memberId: string, partitions: readonly number[]) => void;
  lastSeenMs: number;
}

/** What a group shares. */
export interface GroupTopic {
  readonly topic: string;
  readonly partitions: number;
}

interface Group extends GroupTopic {
  readonly seats: Map<string, GroupSeat>;
}

/**
 * Kafka's group coordinator, more hostile in one way: it does not wait for a silent member to give its
 * partitions up before it hands them on, so that a zombie overlaps its successor whenever it can.
 */
export class GroupCoordinator {
  readonly #clock: VirtualClock;
  readonly #groups = new Map<string, Group>();
  #joined = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get groups(): string[] {
    return [...this.#groups.keys()].sort();
  }

  /** All partitions have an owner as soon as there is a member: this coordinator needs no time. */
  owned(group: string, topic: string): readonly number[] {
    const found = this.#groups.get(group);
    if (found?.topic !== topic || found.seats.size === 0) return [];
    return Array.from({ length: found.partitions }, (_, partition) => partition);
  }

  delete(group: string): void {
    this.#groups.delete(group);
  }

  /** @returns the new member's id. */
  join(
    group: string,
    shared: GroupTopic,
    sessionTimeoutMs: number,
    assign: GroupSeat['assign'],
  ): string {
    const memberId = `member-${String(this.#joined++).padStart(6, '0')}`;
    const members = this.#groups.get(group) ?? { ...shared, seats: new Map<string, GroupSeat>() };
    this.#groups.set(group, members);
    const seat = { memberId, sessionTimeoutMs, assign, lastSeenMs: this.#clock.nowMs };
    members.seats.set(memberId, seat);
    this.#expire(members, seat);
    rebalance(members);
    return memberId;
  }

  /** @returns false when the coordinator no longer knows the member, which then joins again. */
  heartbeat(group: string, memberId: string): boolean {
    const seat = this.#groups.get(group)?.seats.get(memberId);
    if (!seat) return false;
    seat.lastSeenMs = this.#clock.nowMs;
    return true;
  }

  leave(group: string, memberId: string): void {
    const members = this.#groups.get(group);
    if (members?.seats.delete(memberId)) rebalance(members);
  }

  #expire(members: Group, seat: GroupSeat): void {
    const silentUntilMs = seat.lastSeenMs + seat.sessionTimeoutMs;
    this.#clock.after(silentUntilMs - this.#clock.nowMs, () => {
      if (members.seats.get(seat.memberId) !== seat) return;
      if (this.#clock.nowMs < seat.lastSeenMs + seat.sessionTimeoutMs) {
        this.#expire(members, seat);
        return;
      }
      members.seats.delete(seat.memberId);
      rebalance(members);
    });
  }
}

function rebalance({ partitions, seats }: Group): void {
  const members = [...seats.values()].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  for (const [index, seat] of members.entries()) {
    const share: number[] = [];
    for (let partition = index; partition < partitions; partition += members.length)
      share.push(partition);
    seat.assign(seat.memberId, share);
  }
}
