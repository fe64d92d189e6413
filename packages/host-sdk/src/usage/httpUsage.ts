import type { DemandReport, HostReport, UsageRecorded } from '@prorata/schemas';
import { fullNameOf, toJson } from '@prorata/schemas';
import { headersWith } from '../bearerToken.ts';
import type { BearerToken } from '../bearerToken.ts';
import { assertTaken } from '../credentialsRejected.ts';
import { UsageRefused } from './usageChannel.ts';
import type { UsageChannel } from './usageChannel.ts';

export interface HttpUsageOptions {
  /** The gateway or the relay. */
  readonly url: string;
  /** A token with the role host; a function is asked at every request. */
  readonly token: BearerToken;
}

/** The intake did not take the records; they are sent again. */
export class IntakeUnavailable extends Error {
  override readonly name = 'IntakeUnavailable';
}

/** An intake that has not answered by then may have taken the records; the retry has the same ids. */
const REQUEST_TIMEOUT_MS = 10_000;
/** What is wrong with the records themselves; anything else may pass. */
const REFUSING = new Set([400, 413, 422]);

/** Usage and reports through the relay, for hosts without Kafka. */
export function httpUsage({ url, token }: HttpUsageOptions): UsageChannel {
  const post = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: await headersWith(token, { 'content-type': 'application/json' }),
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    await response.body?.cancel();
    assertTaken(path, response.status);
    if (REFUSING.has(response.status)) {
      throw new UsageRefused(`${path} answered ${response.status}.`);
    }
    if (!response.ok) throw new IntakeUnavailable(`${path} answered ${response.status}.`);
  };
  return {
    sendUsage: (records: readonly UsageRecorded[]) =>
      post('/v1/usage', {
        records: records.map((record) => toJson(fullNameOf.UsageRecorded, record)),
      }),
    sendReport: (report: HostReport) =>
      post('/v1/reports', { reports: [toJson(fullNameOf.HostReport, report)] }),
    sendDemand: (report: DemandReport) =>
      post('/v1/demands', { reports: [toJson(fullNameOf.DemandReport, report)] }),
    close: () => Promise.resolve(),
  };
}
