import { bytesToHex } from '@noble/hashes/utils.js';
import type { ClosePeriod, UsagePosition, Violation } from '@prorata/schemas';
import { isDecimal } from '../decimals.ts';
import { isSegment } from '../ids.ts';
import type { ClosedPeriodState, Decision, DecisionContext, OrganizationState } from '../model.ts';
import {
  CLOSED_BOOKS_MAX,
  CLOSE_AFTER_MICROS_MAX,
  CLOSING_POSITIONS_MAX,
  PERIOD_MICROS_MAX,
  PERIOD_MICROS_MIN,
  TEXT_LENGTH_MAX,
} from '../modelBounds.ts';
import { currencyViolations } from '../validate/money.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { organizationUnknown, versionFault } from './preconditions.ts';

/**
 * Of each price book one period after the other, each once: what is asked again with the same lines is
 * so already. When a month begins and what the book lets wait is the sender's to say, for neither time zones nor the
 * book are known here; that it has waited is judged here, by the writer's clock.
 */
export function closePeriod(
  state: OrganizationState | null,
  command: ClosePeriod,
  context: DecisionContext,
): Decision {
  if (state?.registration == null) return organizationUnknown();
  const refused =
    versionFault(command.envelope, context.streamVersion) ??
    refusal(periodViolations(command, context));
  if (refused !== null) return refused;
  const last = state.closedPeriods.get(command.priceBook);
  const order = last === undefined ? firstOf(state) : orderFault(last, command);
  if (order !== null) return order;
  if (context.now < command.periodEnd + command.closeAfterMicros) {
    const message = 'Its end, and what the price book lets wait for late usage, is not over.';
    return refuse('PERIOD_OPEN', '/periodEnd', message);
  }
  return accept([{ type: 'PeriodClosed', data: closedBy(command), ...aboutNoQuota }]);
}

type Closed = Omit<ClosePeriod, 'envelope' | 'closeAfterMicros'>;

function closedBy(command: ClosePeriod): Closed {
  const { priceBook, priceBookVersion, currency, periodStart, periodEnd } = command;
  const { organizationVersion, positions, lines, total, linesSha256 } = command;
  const book = { priceBook, priceBookVersion, currency };
  const known = { organizationVersion, positions };
  return { ...book, periodStart, periodEnd, ...known, lines, total, linesSha256 };
}

function firstOf(state: OrganizationState): Decision | null {
  if (state.closedPeriods.size < CLOSED_BOOKS_MAX) return null;
  return refuse('TOO_MANY', '/priceBook', `Periods of ${CLOSED_BOOKS_MAX} books are closed.`);
}

function orderFault(last: ClosedPeriodState, command: ClosePeriod): Decision | null {
  const { periodStart, periodEnd, currency, linesSha256 } = command;
  if (periodStart < last.periodEnd) {
    const isLast = periodStart === last.periodStart && periodEnd === last.periodEnd;
    if (isLast && bytesToHex(linesSha256) === last.linesSha256) return alreadySo;
    const message = 'Periods of the book are closed up to a later moment.';
    return refuse('PERIOD_CLOSED', '/periodStart', message);
  }
  if (periodStart > last.periodEnd) {
    const message = 'A period of the book before it is not closed.';
    return refuse('PERIOD_OUT_OF_ORDER', '/periodStart', message);
  }
  if (currency === last.currency) return null;
  const message = `Periods of the book were closed in ${last.currency}.`;
  return refuse('CURRENCY_CHANGED', '/currency', message);
}

function periodViolations(command: ClosePeriod, context: DecisionContext): Violation[] {
  const { priceBook, priceBookVersion, periodStart, periodEnd, closeAfterMicros } = command;
  const { organizationVersion, lines, total } = command;
  const violations = currencyViolations(command.currency);
  const require = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push(violation('PERIOD_INVALID', path, message));
  };
  require(isSegment(priceBook), '/priceBook', 'The price book is not named.');
  require(priceBookVersion >= 1n, '/priceBookVersion', 'A price book has versions from 1.');
  const length = periodEnd - periodStart;
  const isMonth = length >= PERIOD_MICROS_MIN && length <= PERIOD_MICROS_MAX;
  require(isMonth, '/periodEnd', 'A period is a calendar month.');
  const isWait = closeAfterMicros >= 0n && closeAfterMicros <= CLOSE_AFTER_MICROS_MAX;
  require(isWait, '/closeAfterMicros', 'A book lets wait for 90 days at most.');
  const isKnown = organizationVersion >= 1n && organizationVersion <= context.streamVersion;
  require(isKnown, '/organizationVersion', 'The organization has not come that far.');
  require(lines >= 0n, '/lines', 'It is a number of lines.');
  require(isDecimal(total), '/total', 'The sum of the lines is a decimal.');
  return [...violations, ...positionViolations(command.positions)];
}

function positionViolations(positions: readonly UsagePosition[]): Violation[] {
  if (positions.length > CLOSING_POSITIONS_MAX) {
    const message = `A closing names at most ${CLOSING_POSITIONS_MAX} sources and partitions.`;
    return [violation('TOO_MANY', '/positions', message)];
  }
  const seen = new Set<string>();
  return positions.flatMap(({ source, partition, nextOffset }, index) => {
    const key = `${partition} ${source}`;
    const isFirst = !seen.has(key);
    seen.add(key);
    const isNamed = source !== '' && source.length <= TEXT_LENGTH_MAX;
    if (isFirst && isNamed && partition >= 0 && nextOffset >= 0n) return [];
    const message = 'Each source and partition is named, once, with an offset from 0.';
    return [violation('PERIOD_INVALID', `/positions/${index}`, message)];
  });
}
