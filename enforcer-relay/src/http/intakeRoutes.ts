import { UsageRefused } from '@prorata/host-sdk';
import type { UsageChannel } from '@prorata/host-sdk';
import { applicationOf, isQuotaId, isSegment } from '@prorata/quota-model';
import type { DemandReport, HostReport, JsonViolation, UsageRecorded } from '@prorata/schemas';
import { fromJson, fullNameOf } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import { DEMANDS_MAX } from '../leases/leaseDesk.ts';
import { RECORDS_MAX } from './openApi.ts';
import type { Request, Router } from 'express';
import { mustSpeakFor } from './mustSpeakFor.ts';

/** `POST /v1/usage`, `POST /v1/reports` and `POST /v1/demands`, for hosts without Kafka. Nothing is kept here. */
export function intakeRoutes(router: Router, channel: UsageChannel): void {
  router.post('/v1/usage', async (request, response) => {
    const records = listIn(request, 'records', fullNameOf.UsageRecorded) as UsageRecorded[];
    check(records.flatMap(usageFaults));
    for (const { application } of records) mustSpeakFor(request.principal, application);
    await passOn(() => channel.sendUsage(records));
    response.status(202).json({ accepted: records.length });
  });
  router.post('/v1/reports', async (request, response) => {
    const reports = listIn(request, 'reports', fullNameOf.HostReport) as HostReport[];
    check(reports.flatMap(reportFaults));
    for (const { application } of reports) mustSpeakFor(request.principal, application);
    await passOn(async () => {
      for (const report of reports) await channel.sendReport(report);
    });
    response.status(202).json({ accepted: reports.length });
  });
  router.post('/v1/demands', async (request, response) => {
    const reports = listIn(request, 'reports', fullNameOf.DemandReport) as DemandReport[];
    check(reports.flatMap(demandFaults));
    for (const { application } of reports) mustSpeakFor(request.principal, application);
    await passOn(async () => {
      for (const report of reports) await channel.sendDemand?.(report);
    });
    response.status(202).json({ accepted: reports.length });
  });
}

/** @throws Problem 422 with every violation */
function listIn(request: Request, name: string, fullName: string): unknown[] {
  const body = request.body as Record<string, unknown> | undefined;
  const list = body?.[name];
  if (!Array.isArray(list)) throw invalid([{ path: `/${name}`, message: 'must be a list' }]);
  if (list.length > RECORDS_MAX) {
    throw invalid([{ path: `/${name}`, message: `must have at most ${RECORDS_MAX} entries` }]);
  }
  const values: unknown[] = [];
  const violations: JsonViolation[] = [];
  for (const [index, item] of (list as unknown[]).entries()) {
    const parsed = fromJson(fullName, item);
    if ('value' in parsed) values.push(parsed.value);
    else {
      for (const { path, message } of parsed.violations) {
        violations.push({ path: `/${name}/${index}${path}`, message });
      }
    }
  }
  check(violations);
  return values;
}

/** What the schema cannot say, and what would corrupt a sum. */
function usageFaults(record: UsageRecorded, index: number): JsonViolation[] {
  const at = `/records/${index}`;
  const faults: JsonViolation[] = [];
  const { quotaId, application, resources } = record;
  if (!isQuotaId(quotaId) || applicationOf(quotaId) !== application) {
    faults.push({ path: `${at}/quotaId`, message: `must be a quota of ${application}` });
  }
  if (record.windowEnd <= record.windowStart) {
    faults.push({ path: `${at}/windowEnd`, message: 'must be after windowStart' });
  }
  if (record.sequence < 0n) faults.push({ path: `${at}/sequence`, message: 'must be 0 or more' });
  for (const [place, usage] of resources.entries()) {
    const { used, refused, queued, peak, trialRefused } = usage;
    const amounts = [used, refused, queued, peak, trialRefused];
    if (amounts.some((amount) => amount < 0n)) {
      faults.push({ path: `${at}/resources/${place}`, message: 'must not have negative amounts' });
    }
  }
  return faults;
}

function reportFaults(report: HostReport, index: number): JsonViolation[] {
  if (isSegment(report.application)) return [];
  return [{ path: `/reports/${index}/application`, message: 'must be an application' }];
}

function demandFaults(report: DemandReport, index: number): JsonViolation[] {
  const at = `/reports/${index}`;
  const faults: JsonViolation[] = [];
  if (!isSegment(report.application)) {
    faults.push({ path: `${at}/application`, message: 'must be an application' });
  }
  if (report.demands.length > DEMANDS_MAX) {
    faults.push({ path: `${at}/demands`, message: `must have at most ${DEMANDS_MAX} entries` });
  }
  return faults;
}

function check(violations: readonly JsonViolation[]): void {
  if (violations.length > 0) throw invalid(violations);
}

const invalid = (violations: readonly JsonViolation[]): Problem =>
  new Problem(422, 'RECORDS_INVALID', 'The records are not what they must be.', { violations });

/** @throws Problem 422 when the log will never take them, 503 when the same request may pass later */
async function passOn(send: () => Promise<void>): Promise<void> {
  try {
    await send();
  } catch (cause) {
    if (cause instanceof UsageRefused) {
      throw new Problem(422, 'RECORDS_REFUSED', 'The log does not take these records.', { cause });
    }
    throw new Problem(503, 'LOG_UNAVAILABLE', 'Send the same records again.', {
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}
