import type { DefinePriceBook, Violation } from '@prorata/schemas';
import type { Decision, DecisionContext, PriceBookState } from '../model.ts';
import { CLOSE_AFTER_MICROS_MAX } from '../modelBounds.ts';
import { datedTerms, inOrder } from '../organization/datedTerms.ts';
import { isTimeZone, TZDATA_VERSION } from '../organization/timeZones.ts';
import { sameValue } from '../sameValue.ts';
import { currencyViolations } from '../validate/money.ts';
import { historyFault } from '../validate/priceHistory.ts';
import { priceViolations } from '../validate/prices.ts';
import { splitCostViolations } from '../validate/splitCosts.ts';
import { aboutNoQuota, accept, alreadySo, refusal, refuse, violation } from './answer.ts';
import { versionFault } from './preconditions.ts';

/**
 * Prices are effective-dated. What another price in the past changes of a closed period becomes new lines of
 * the ledger; the period itself was closed by a version of the book, which the log keeps.
 */
export function definePriceBook(
  state: PriceBookState | null,
  command: DefinePriceBook,
  context: DecisionContext,
): Decision {
  const { currency, timeZone, closeAfterMicros, envelope } = command;
  const refused = versionFault(envelope, state?.version ?? 0n);
  if (refused !== null) return refused;
  const shape = refusal([
    ...currencyViolations(currency),
    ...timeViolations(command),
    ...priceViolations(command.prices),
    ...splitCostViolations(command.sharedCosts, command.idle),
  ]);
  if (shape !== null) return shape;
  const terms = { currency, timeZone, closeAfterMicros, ...inOrder(command) };
  if (state !== null) {
    const fixed = fixedFault(state, command);
    if (fixed !== null) return fixed;
    if (sameValue(termsOf(state), terms)) return alreadySo;
    const history = historyFault(
      datedTerms(state),
      datedTerms(terms),
      context.now,
      envelope.reason,
    );
    if (history !== null) return history;
  }
  const version = (state?.version ?? 0n) + 1n;
  return accept([{ type: 'PriceBookDefined', data: { ...terms, version }, ...aboutNoQuota }]);
}

type Terms = Omit<DefinePriceBook, 'envelope'>;

function termsOf(state: PriceBookState): Terms {
  const { currency, timeZone, closeAfterMicros, prices, sharedCosts, idle } = state;
  return { currency, timeZone, closeAfterMicros, prices, sharedCosts, idle };
}

/** Sums and periods of the past are in them. */
function fixedFault(state: PriceBookState, { currency, timeZone }: Terms): Decision | null {
  if (state.currency !== currency) {
    return refuse('CURRENCY_CHANGED', '/currency', `The book is in ${state.currency}.`);
  }
  if (state.timeZone === timeZone) return null;
  return refuse(
    'TIME_ZONE_CHANGED',
    '/timeZone',
    `Days of the book are those of ${state.timeZone}.`,
  );
}

function timeViolations({ timeZone, closeAfterMicros }: Terms): Violation[] {
  const violations: Violation[] = [];
  if (!isTimeZone(timeZone)) {
    const message = `A time zone is a name of tzdata ${TZDATA_VERSION}, such as Europe/Berlin.`;
    violations.push(violation('TIME_ZONE_UNKNOWN', '/timeZone', message));
  }
  if (closeAfterMicros < 0n || closeAfterMicros > CLOSE_AFTER_MICROS_MAX) {
    const message = 'A period may wait for 90 days at most.';
    violations.push(violation('PRICE_BOOK_INVALID', '/closeAfterMicros', message));
  }
  return violations;
}
