import { Decimal } from 'decimal.js';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import type { FocusNames } from './focusNames.ts';
import { focusUnit } from './unitFormat.ts';

/** A quantity of at most 38 digits by an amount of at most 19: what goes on for ever is rounded at the last place. */
const Quantity = Decimal.clone({ precision: 80, rounding: Decimal.ROUND_HALF_UP });
/** DECIMAL(38,12), as money has it. */
const PLACES = 12;

/** How many pricing units are charged: base units where there is no price. */
export function pricingQuantity({ charged, price }: ChargeLine): string {
  if (price === null) return charged.toString();
  const quantity = new Quantity(charged.toString()).dividedBy(price.perUnits.toString());
  return quantity.toDecimalPlaces(PLACES).toFixed();
}

/** `vCPU-Hours` where the price names it, else `1000000 Tokens`, or the base unit alone. */
export function pricingUnit(line: ChargeLine, names: FocusNames): string {
  const { price } = line;
  if (price === null) return unitName(line, names);
  return price.unit === ''
    ? focusUnit(baseUnit(line, names), price.perUnits)
    : focusUnit(price.unit);
}

/** `Tokens`; of what is held, `Milli Vcore-Seconds`. */
export function unitName(line: ChargeLine, names: FocusNames): string {
  return focusUnit(baseUnit(line, names));
}

/** What is declared no more is called by its resource's name. */
function baseUnit({ application, resource }: ChargeLine, names: FocusNames): string {
  if (application === null || resource === null) return 'unit';
  const declared = names.unitOf(application, resource);
  if (declared === null) return resource;
  return declared.isHeld ? `${declared.unit}-second` : declared.unit;
}
