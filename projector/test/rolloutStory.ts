import type { EventDraft } from '@prorata/quota-model';
import { unchangedTerms } from '../../packages/quota-model/src/decide/limitsChange.ts';
import { changed, contentOf, tokensPerSecond } from './drafts.ts';
import { testStart } from './eventStamper.ts';

const noQuota = { quotaId: null, quotaVersion: null };
const QUOTA = 'llm/acme/chat';
const none = {
  create: null,
  move: null,
  delete: null,
  restore: null,
  resize: null,
  expectedVersion: null,
};
const figures = {
  hosts: 2,
  decisions: 52_000n,
  refused: 12n,
  requests: 51_988n,
  errors: 31n,
  latencyP99Micros: 38_000n,
};
const evidence = {
  measuredFrom: testStart,
  measuredTo: testStart + 60_000_000n,
  stage: figures,
  others: { ...figures, hosts: 18, latencyP99Micros: null },
  broken: [],
};

/** A robot's resize of a quota that declares this limit. */
export function resizeStarted(rolloutId: string, amount = 60_000n, quotaId = QUOTA): EventDraft {
  const { type, data, ...about } = rolloutStarted(rolloutId, amount, quotaId);
  if (type !== 'RolloutStarted') throw new Error('It starts a rollout.');
  const limit = tokensPerSecond(amount);
  const evidence = {
    policy: 'demo@1',
    source: 'usage table version 7',
    windowStart: testStart - 60_000_000n,
    windowEnd: testStart,
    figures: { p99: '42' },
    inputsHash: '00',
  };
  const steps = [{ ...none, change: null, resize: { quotaId, limit, evidence } }];
  const candidates = data.candidates.map((each) => ({ ...each, rightsized: [limit] }));
  return { type, data: { ...data, steps, candidates }, ...about };
}

export function rolloutStarted(rolloutId: string, amount = 60_000n, quotaId = QUOTA): EventDraft {
  const limits = [tokensPerSecond(amount)];
  const change = { ...unchangedTerms, quotaId, setLimits: limits, unsetLimits: [] };
  return {
    type: 'RolloutStarted',
    data: {
      rolloutId,
      place: quotaId,
      steps: [{ ...none, change }],
      candidates: [{ quotaId, content: contentOf({ limits }), rightsized: null }],
      stages: [
        { selector: { percent: 0, zones: [], hosts: ['h1'] }, bakeMicros: 60_000_000n },
        { selector: { percent: 25, zones: ['eu'], hosts: [] }, bakeMicros: 120_000_000n },
      ],
      gate: {
        measure: 'absolute',
        refusedBasisPointsMax: 100,
        errorBasisPointsMax: null,
        latencyP99MicrosMax: 40_000n,
        hostsMin: 2,
        decisionsMin: 1_000n,
      },
    },
    ...noQuota,
  };
}

export const rolloutAdvanced = (rolloutId: string): EventDraft => ({
  type: 'RolloutAdvanced',
  data: { rolloutId, stage: 1, quotaIds: [QUOTA], cause: 'gate', evidence },
  ...noQuota,
});

export const rolloutPaused = (rolloutId: string): EventDraft => ({
  type: 'RolloutPaused',
  data: { rolloutId, cause: 'person' },
  ...noQuota,
});

export const rolloutEnded = (
  type: 'RolloutPromoted' | 'RolloutRolledBack',
  rolloutId: string,
): EventDraft => ({
  type,
  data: { rolloutId, quotaIds: [QUOTA], cause: 'gate', evidence },
  ...noQuota,
});

/** By command, after `quotaStory`. */
export const rolloutStory: readonly (readonly EventDraft[])[] = [
  [rolloutStarted('llm-r15')],
  [rolloutAdvanced('llm-r15')],
  [
    rolloutEnded('RolloutPromoted', 'llm-r15'),
    changed(QUOTA, 4n, contentOf({ limits: [tokensPerSecond(60_000n)] })),
  ],
  [rolloutStarted('llm-r19', 70_000n)],
  [rolloutEnded('RolloutRolledBack', 'llm-r19')],
];
