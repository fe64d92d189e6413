/**
 * The columns of FOCUS 1.2 (FinOps Open Cost and Usage Specification) that a line of the ledger can fill, named as it
 * names them, then our own with `x_`. docs/reference/focus.md says what each holds.
 */
import type { ChargeCategory, ChargeLine } from '../ledger/chargeLine.ts';
import { describeCharge } from './describeCharge.ts';
import type { FocusNames } from './focusNames.ts';
import { pricingQuantity, pricingUnit, unitName } from './pricingUnits.ts';

export type FocusValue = string | null;

/**
 * `decimal`: an exact decimal with at most 12 places. `time`: microseconds. Both as text: they have no
 * exact form in JavaScript that every reader of the file has.
 */
export type FocusType = 'text' | 'decimal' | 'time';

export interface FocusColumn {
  readonly name: string;
  readonly type: FocusType;
  /** Whether FOCUS asks for the column in every data set. */
  readonly isMandatory: boolean;
  readonly allowsNull: boolean;
  readonly valueOf: (line: ChargeLine, names: FocusNames) => FocusValue;
}

type ValueOf = FocusColumn['valueOf'];

const mandatory = (name: string, type: FocusType, valueOf: ValueOf): FocusColumn => ({
  ...{ name, type, isMandatory: true, allowsNull: false, valueOf },
});
const mandatoryOrNull = (name: string, type: FocusType, valueOf: ValueOf): FocusColumn => ({
  ...{ name, type, isMandatory: true, allowsNull: true, valueOf },
});
const further = (name: string, type: FocusType, valueOf: ValueOf): FocusColumn => ({
  ...{ name, type, isMandatory: false, allowsNull: true, valueOf },
});

/** FOCUS knows no charge without an account: no id of an organization looks like it. */
export const NO_ACCOUNT = '(unassigned)';

/** One money for all four costs: nothing here is discounted, prepaid or invoiced otherwise. Without a price it is nothing. */
const costOf: ValueOf = ({ cost }) => cost ?? '0';

const categories: Readonly<Record<ChargeCategory, string>> = {
  usage: 'Usage',
  idle: 'Usage',
  shared: 'Adjustment',
  credit: 'Credit',
};
const frequencies: Readonly<Record<ChargeCategory, string>> = {
  usage: 'Usage-Based',
  idle: 'Usage-Based',
  shared: 'Recurring',
  credit: 'One-Time',
};

/** Of a quantity: credits and shared costs have none. */
function isMetered({ category }: ChargeLine): boolean {
  return category === 'usage' || category === 'idle';
}

const skuOf = ({ application, resource }: ChargeLine): string | null =>
  application === null || resource === null ? null : `${application}/${resource}`;

const skuPriceOf: ValueOf = (line) => {
  const sku = skuOf(line);
  if (sku === null || !isMetered(line)) return null;
  const since = line.price === null ? 'none' : timeText(line.price.effectiveFrom);
  return `${line.priceBook}/${sku}/${since}`;
};

const tagsOf: ValueOf = ({ quotaId }, names) => {
  const labels = quotaId === null ? null : names.labelsOf(quotaId);
  if (labels === null) return '{}';
  return JSON.stringify(Object.fromEntries(Object.entries(labels).sort(byKey)));
};

const byKey = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a < b ? -1 : 1;

const microsOf =
  (valueOf: (line: ChargeLine) => bigint): ValueOf =>
  (line) =>
    valueOf(line).toString();

export const focusColumns: readonly FocusColumn[] = [
  mandatory('BilledCost', 'decimal', costOf),
  mandatory('BillingAccountId', 'text', ({ organization }) => organization ?? NO_ACCOUNT),
  mandatoryOrNull('BillingAccountName', 'text', ({ organization }, names) =>
    organization === null ? NO_ACCOUNT : names.organizationName(organization),
  ),
  further('BillingAccountType', 'text', () => 'Organization'),
  mandatory('BillingCurrency', 'text', ({ currency }) => currency),
  mandatory(
    'BillingPeriodStart',
    'time',
    microsOf(({ billing }) => billing.start),
  ),
  mandatory(
    'BillingPeriodEnd',
    'time',
    microsOf(({ billing }) => billing.end),
  ),
  mandatory('ChargeCategory', 'text', ({ category }) => categories[category]),
  mandatoryOrNull('ChargeClass', 'text', ({ correction }) => (correction ? 'Correction' : null)),
  mandatoryOrNull('ChargeDescription', 'text', describeCharge),
  further('ChargeFrequency', 'text', ({ category }) => frequencies[category]),
  mandatory(
    'ChargePeriodStart',
    'time',
    microsOf(({ charge }) => charge.start),
  ),
  mandatory(
    'ChargePeriodEnd',
    'time',
    microsOf(({ charge }) => charge.end),
  ),
  further('ConsumedQuantity', 'decimal', (line) => (isMetered(line) ? line.used.toString() : null)),
  further('ConsumedUnit', 'text', (line, names) =>
    isMetered(line) ? unitName(line, names) : null,
  ),
  mandatory('ContractedCost', 'decimal', costOf),
  mandatory('EffectiveCost', 'decimal', costOf),
  // Nothing is invoiced here.
  further('InvoiceId', 'text', () => null),
  mandatory('InvoiceIssuerName', 'text', (_line, { provider }) => provider),
  mandatory('ListCost', 'decimal', costOf),
  further('PricingCategory', 'text', (line) => (isMetered(line) ? 'Standard' : null)),
  mandatoryOrNull('PricingQuantity', 'decimal', (line) =>
    isMetered(line) ? pricingQuantity(line) : null,
  ),
  mandatoryOrNull('PricingUnit', 'text', (line, names) =>
    isMetered(line) ? pricingUnit(line, names) : null,
  ),
  mandatory('ProviderName', 'text', (_line, { provider }) => provider),
  mandatory('PublisherName', 'text', (_line, { provider }) => provider),
  further('ResourceId', 'text', ({ quotaId }) => quotaId),
  further('ResourceType', 'text', ({ quotaId }) => quotaId && 'Quota'),
  mandatory('ServiceCategory', 'text', () => 'Other'),
  mandatory('ServiceName', 'text', ({ application }, { provider }) => application ?? provider),
  further('ServiceSubcategory', 'text', () => 'Other (Other)'),
  further('SkuId', 'text', skuOf),
  further('SkuMeter', 'text', ({ resource }) => resource),
  further('SkuPriceId', 'text', skuPriceOf),
  further('SubAccountId', 'text', ({ project }) => project),
  further('SubAccountName', 'text', ({ project }, names) => project && names.projectName(project)),
  further('SubAccountType', 'text', ({ project }) => project && 'Project'),
  further('Tags', 'text', tagsOf),
  further('x_Category', 'text', ({ category }) => category),
  further('x_ChargedQuantity', 'decimal', (line) =>
    isMetered(line) ? line.charged.toString() : null,
  ),
  further(
    'x_DatedAt',
    'time',
    microsOf(({ datedAt }) => datedAt),
  ),
  further('x_Name', 'text', ({ name }) => name),
  further('x_PriceAmount', 'decimal', ({ price }) => price && price.amount),
  further('x_PriceBook', 'text', ({ priceBook }) => priceBook),
  further('x_PricePerUnits', 'decimal', ({ price }) => price && price.perUnits.toString()),
  further('x_ReservedQuantity', 'decimal', ({ reserved }) => reserved?.toString() ?? null),
  further('x_Unpriced', 'text', ({ cost }) => (cost === null ? 'true' : 'false')),
];

const MICROS_PER_MILLI = 1_000n;

/**
 * `2026-01-01T00:00:00Z`, rounded down to the second: FOCUS has no parts of one. Ends and starts that meet still
 * meet.
 */
export function timeText(micros: bigint): string {
  return `${new Date(Number(micros / MICROS_PER_MILLI)).toISOString().slice(0, 'YYYY-MM-DDTHH:mm:ss'.length)}Z`;
}
