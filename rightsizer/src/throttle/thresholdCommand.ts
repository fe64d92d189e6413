import { createHash } from 'node:crypto';
import { timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { SpendForecast } from '../forecast/spendForecast.ts';
import type { Policy } from '../policy.ts';
import type { BudgetLook } from './budgetLooks.ts';
import { isMore } from './spend.ts';
import { levelOf } from './thresholds.ts';
import type { DueThreshold } from './thresholds.ts';

const PERCENT = 100;

/** Tells that a threshold was crossed. It changes nothing else: whoever reads the log is warned. */
export function thresholdCommand(
  { organization, inputs, forecast: given, tableVersion }: BudgetLook,
  { basis, basisPoints, direction }: DueThreshold,
  policy: Policy,
  attempt: number,
): LoopCommand {
  const { budget, window, spend } = inputs;
  if (window === null || spend === null) throw new TypeError('unreachable: spend is known in full');
  const { budgetId, version, amount, currency } = budget;
  const forecast = given?.kind === 'forecast' ? given : null;
  // Credits may be more than what was used; a command speaks of money spent.
  const spent = isMore('0', spend.total) ? '0' : spend.total;
  const figures = { spend: spent, budget: amount, currency, ...forecastFigures(forecast) };
  const value = basis === 'actual' ? `spend is ${spent}` : `${forecast?.point ?? ''} is expected`;
  const said = direction === 'up' ? 'has reached' : 'is below';
  const name = `${organization}/${budgetId}`;
  return {
    commandId: derivedId(
      ...['threshold', organization, budgetId, version, window.start, basis, basisPoints],
      ...[direction, attempt],
    ),
    type: 'RecordThreshold',
    stream: `organization:${organization}`,
    reason:
      `Budget ${name} ${said} ${basisPoints / PERCENT} % (${levelOf(budget, basisPoints)} ${currency}) ${basis === 'actual' ? '' : 'by its forecast '}: ${value}.`.replace(
        ' :',
        ':',
      ),
    data: {
      budgetId,
      windowStart: timeToJson(window.start),
      windowEnd: timeToJson(window.end),
      basis,
      basisPoints,
      direction,
      spend: spent,
      budget: amount,
      currency,
      forecast: forecast?.point ?? null,
      low: forecast?.low80 ?? null,
      high: forecast?.high80 ?? null,
      chanceBasisPoints: forecast?.chanceBasisPoints ?? null,
      evidence: {
        policy: `${policy.name}@${policy.version}`,
        source: `usage table version ${tableVersion ?? 0}`,
        windowStart: timeToJson(window.start),
        windowEnd: timeToJson(window.end),
        figures,
        inputsHash: createHash('sha256').update(JSON.stringify(figures)).digest('hex'),
      },
    },
  };
}

function forecastFigures(forecast: SpendForecast | null): Record<string, string> {
  if (forecast === null) return {};
  const { point, low80, high80, low95, high95, chanceBasisPoints, breachAt, method, days } =
    forecast;
  return {
    forecast: point,
    ...{ low80, high80, low95, high95 },
    chanceBasisPoints: String(chanceBasisPoints),
    breachAt: breachAt === null ? '' : timeToJson(breachAt),
    method,
    days: String(days),
  };
}
