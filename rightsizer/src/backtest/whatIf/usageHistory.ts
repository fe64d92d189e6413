import path from 'node:path';
import type { ApplicationState } from '@prorata/quota-model';
import { inNamespace } from '@prorata/schemas';
import { assertTopics, connectLog, createCodec } from '@prorata/service-runtime';
import { readPolicy } from '../../policy.ts';
import type { Policy } from '../../policy.ts';
import { Rollups } from '../../rollups/rollups.ts';
import type { RolledUsage } from '../../rollups/rolledUsage.ts';
import { foldedView } from '../../usageCommand/foldedView.ts';
import { withUsagePlace } from '../../usageCommand/usagePlace.ts';
import type { UsagePlace } from '../../usageCommand/usagePlace.ts';
import type { UsageSnapshot } from '../../table/usageReader.ts';
import type { LogView } from '../../view/logView.ts';
import { seriesOf } from '../../resize/seriesOf.ts';
import type { Series } from '../../resize/seriesOf.ts';
import { BacktestFault } from '../backtestFault.ts';

const LATELY_MICROS = 2n * 86_400_000_000n;

/** What was used, and what held meanwhile. */
export interface UsageHistory {
  readonly view: LogView;
  readonly usage: RolledUsage;
  readonly policy: Policy;
  /** The end of the latest usage that is in the table, microseconds. */
  readonly newest: bigint;
}

/**
 * Reads the log to its end and opens the table, both as the settings name them.
 * @param policyFile null: the policy of the settings
 * @throws BacktestFault NO_SERIES, SettingsError, TableFault
 */
export function withUsageHistory<T>(
  policyFile: string | null,
  work: (history: UsageHistory) => Promise<T>,
): Promise<T> {
  return withUsagePlace(async (place) => {
    const { settings, reader, database, scratch } = place;
    const policy = await readPolicy(policyFile ?? settings.policyFile);
    const version = await reader.newest();
    const newest = version && (await newestUsage(version));
    if (version === null || newest === null) {
      throw new BacktestFault('NO_SERIES', 'the usage table has nothing yet');
    }
    const view = await readView(place);
    // In a folder of our own the roll-ups have nothing: rows answer, and nobody else's are touched.
    const rollups = await Rollups.open({
      directory: path.join(scratch, 'rollups'),
      database,
      keeping: policy.rollups,
    });
    const usage = rollups.at(version, version.positions);
    return work({ view, usage, policy, newest });
  });
}

async function readView({ settings }: UsagePlace): Promise<LogView> {
  const port = connectLog(settings, 'usage');
  try {
    const admin = await port.admin();
    const partitions = await assertTopics(admin, settings, ['quota.events']);
    await admin.close();
    const topic = inNamespace('quota.events', settings.namespace);
    return await foldedView(port, createCodec(settings), topic, partitions);
  } finally {
    await port.close();
  }
}

/**
 * The limits of a subtree.
 * @param subtree a quota or an application; null: all
 * @throws BacktestFault NO_SERIES
 */
export function limitsBelow(
  { view, policy }: Pick<UsageHistory, 'view' | 'policy'>,
  subtree: string | null,
): readonly Series[] {
  const isBelow = (quotaId: string): boolean =>
    subtree === null || quotaId === subtree || quotaId.startsWith(`${subtree}/`);
  const states: readonly ApplicationState[] = view
    .applications()
    .filter(({ id }) => subtree === null || id === subtree.split('/')[0]);
  const found = states
    .flatMap((state) => seriesOf(view, state, policy.rightsizer, null))
    .filter(({ quotaId }) => isBelow(quotaId));
  if (found.length > 0) return found;
  throw new BacktestFault('NO_SERIES', `no quota ${subtree ?? ''} has a limit`);
}

/** Of the last days, which is little to read, or else of all. */
async function newestUsage(version: UsageSnapshot): Promise<bigint | null> {
  const now = BigInt(Date.now()) * 1_000n;
  for (const since of [now - LATELY_MICROS, 0n]) {
    const found = latestOf([...(await version.newestUsage(since)).values()]);
    if (found !== null) return found;
  }
  return null;
}

function latestOf(times: readonly bigint[]): bigint | null {
  return times.reduce<bigint | null>(
    (latest, time) => (latest === null || time > latest ? time : latest),
    null,
  );
}
