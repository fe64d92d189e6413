import {
  bounds,
  created,
  registration,
  registeredAs,
  evidence,
  stampEvent,
  tokens,
} from '@prorata/quota-model/testing';
import type { UnhashedDraft } from '@prorata/quota-model/testing';
import { DAY_MICROS } from '../rollups/rollupSql.ts';
import { productionPolicy } from '../policy.ts';
import type { RightsizerParts } from '../resize/rightsizer.ts';
import { LogView } from '../view/logView.ts';
import { quotaAt, usualAt } from './windowRows.ts';

const STREAM = 'application:llm';
/** Of the highest that is usual, of one limit after the other: some are short, most have room. */
const PARTS = [0.8, 1.2, 1.6, 2, 2.5, 4];
/** Thirty days: all has rested, and the dry run is long done. */
const AGO_MICROS = 30n * DAY_MICROS;

/** A log of so many limits of tokens a second that evidence may move, folded: the policy has been rehearsed. */
export function limitsView(limits: number, now: bigint): RightsizerParts['view'] {
  const view = new LogView();
  let streamVersion = 0n;
  const fold = (draft: UnhashedDraft): void => {
    streamVersion += 1n;
    const decidedAt = now - AGO_MICROS;
    view.fold(stampEvent(draft, { stream: STREAM, streamVersion, decidedAt }));
  };
  const ofNone = { quotaId: null, quotaVersion: null };
  fold({ ...registeredAs({ ...registration, robotChanges: 'apply' }), ...ofNone });
  const { name, version } = productionPolicy;
  const rehearsed = {
    ...{ policy: name, policyVersion: BigInt(version), tableVersion: 1n },
    ...{ wouldRaise: 1, wouldLower: 0, skipped: {}, examples: [], evidence },
  };
  fold({ type: 'RightsizingRehearsed', data: rehearsed, ...ofNone });
  for (let at = 0; at < limits; at += 1) {
    const amount = BigInt(Math.ceil(usualAt(at) * 1.5 * (PARTS[at % PARTS.length] ?? 1)));
    const rightsizing = [bounds('tokens', { min: 1n, max: 1_000_000n })];
    const quotaId = quotaAt(at);
    const { type, data } = created(quotaId, [tokens(amount)], { rightsizing });
    fold({ type, data, quotaId, quotaVersion: 1n });
  }
  return { view, settle: () => Promise.resolve(true) };
}
