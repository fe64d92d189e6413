import { timeToJson } from '@prorata/schemas';
import type { CommandAnswer } from '@prorata/service-runtime';
import type { CommandDesk, LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import { placeOf } from '../table/positions.ts';
import type { UsageReader, UsageSnapshot } from '../table/usageReader.ts';
import type { TableFreshness } from '../tableFreshness.ts';
import type { TimeWindow } from '../throttle/budgetWindows.ts';
import type { FollowedView } from '../view/followView.ts';
import type { BookTerms } from './bookTerms.ts';
import { monthAt } from './chargeDays.ts';
import type { LedgerReader } from './ledgerReader.ts';
import { digestOf } from './lineText.ts';
import { reaches } from './usageSource.ts';

export interface CloserParts {
  readonly view: FollowedView;
  readonly reader: Pick<UsageReader, 'newest'>;
  readonly freshness: Pick<TableFreshness, 'look' | 'caughtUpAt'>;
  readonly ledger: LedgerReader;
  readonly desk: Pick<CommandDesk, 'send'>;
}

/** A period for which a closing was posted. */
export interface PostedClosing {
  readonly organization: string;
  readonly priceBook: string;
  readonly period: TimeWindow;
  readonly answer: CommandAnswer;
}

/**
 * Closes months of price books once they are over, the book's wait has passed and the table has all that the topic had
 * by then: one after the other, by what the lines say at that moment. Nothing is remembered here: who crashes between
 * the command and its answer looks again, and the stream takes each period once.
 */
export class PeriodCloser {
  readonly #parts: CloserParts;

  constructor(parts: CloserParts) {
    this.#parts = parts;
  }

  /** At most one period of each book and organization a time. @param now microseconds */
  async evaluate(now: bigint): Promise<PostedClosing[]> {
    const { view, reader, freshness } = this.#parts;
    await freshness.look(now);
    const snapshot = await reader.newest();
    if (snapshot === null || !(await view.settle())) return [];
    const caughtUpAt = freshness.caughtUpAt(snapshot.positions);
    if (caughtUpAt === null) return [];
    const posted: PostedClosing[] = [];
    for (const { id, registration } of view.view.organizations()) {
      if (registration === null) continue;
      for (const priceBook of view.view.ledger.booksOf(id)) {
        const closing = await this.#close(snapshot, id, priceBook, caughtUpAt, now);
        if (closing !== null) posted.push(closing);
      }
    }
    return posted;
  }

  async #close(
    snapshot: UsageSnapshot,
    organization: string,
    priceBook: string,
    caughtUpAt: bigint,
    now: bigint,
  ): Promise<PostedClosing | null> {
    const { ledger: facts } = this.#parts.view.view;
    const book = facts.book(priceBook, null);
    if (book === null) return null;
    const isOver = ({ end }: TimeWindow): boolean => end + book.closeAfterMicros <= caughtUpAt;
    const period = await this.#next(snapshot, organization, book, isOver);
    if (period === null || !isOver(period)) return null;
    const organizationVersion = facts.organizationVersion(organization);
    const { positions } = snapshot;
    // Another process closed by a newer version of the table: the next look has it.
    const closings = facts.closings(organization, priceBook);
    if (!closings.every((closing) => reaches(positions, closing.positions))) return null;
    const question = {
      scope: { organization, project: null },
      priceBook,
      window: period,
      usage: { positions, loggedBefore: null },
      at: now,
    };
    const digest = await digestOf(this.#parts.ledger.lines(snapshot, question));
    // What was folded meanwhile may be in some of the lines and not in others: the next look is whole.
    const isSame =
      facts.organizationVersion(organization) === organizationVersion &&
      facts.book(priceBook, null) === book;
    if (!isSame) return null;
    const command = closeCommand(organization, book, period, {
      ...digest,
      organizationVersion,
      positions,
    });
    const answer = await this.#parts.desk.send(command);
    return { organization, priceBook, period, answer };
  }

  /** The month after the last that was closed; of a book of which none was, the first with a charge. */
  async #next(
    snapshot: UsageSnapshot,
    organization: string,
    book: BookTerms,
    isOver: (month: TimeWindow) => boolean,
  ): Promise<TimeWindow | null> {
    const { ledger: facts } = this.#parts.view.view;
    const last = facts.closings(organization, book.id).at(-1);
    if (last !== undefined) return monthAt(book.timeZone, last.end);
    const credited = facts.credits(organization, book.id).map(({ at }) => at);
    const files = await snapshot.files();
    const earliest = [...credited, ...files.map(({ windowStart }) => windowStart)];
    const first = earliest.reduce<bigint | null>(
      (least, at) => (least === null || at < least ? at : least),
      null,
    );
    // The rows need not be looked at before any month can be over.
    if (first === null || !isOver(monthAt(book.timeZone, first))) return null;
    const used = await this.#parts.ledger.firstUse(snapshot, organization);
    const moments = used === null ? credited : [...credited, used];
    const [start] = moments.sort((a, b) => (a < b ? -1 : 1));
    return start === undefined ? null : monthAt(book.timeZone, start);
  }
}

interface Closed {
  readonly lines: bigint;
  readonly total: string;
  readonly sha256: string;
  readonly organizationVersion: bigint;
  readonly positions: ReadonlyMap<string, bigint>;
}

function closeCommand(
  organization: string,
  book: BookTerms,
  { start, end }: TimeWindow,
  { lines, total, sha256, organizationVersion, positions }: Closed,
): LoopCommand {
  const places = [...positions].sort(([a], [b]) => (a < b ? -1 : 1));
  const known = places.map(([key, nextOffset]) => ({
    ...placeOf(key),
    nextOffset: nextOffset.toString(),
  }));
  const terms = [organizationVersion, book.version, JSON.stringify(known)];
  return {
    commandId: derivedId('close', organization, book.id, start, sha256, ...terms),
    type: 'ClosePeriod',
    stream: `organization:${organization}`,
    reason: `The month from ${timeToJson(start)} of price book ${book.id} is over.`,
    data: {
      priceBook: book.id,
      priceBookVersion: book.version.toString(),
      currency: book.currency,
      periodStart: timeToJson(start),
      periodEnd: timeToJson(end),
      closeAfterMicros: book.closeAfterMicros.toString(),
      organizationVersion: organizationVersion.toString(),
      positions: known,
      lines: lines.toString(),
      total,
      linesSha256: sha256,
    },
  };
}
