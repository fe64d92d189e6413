import type { Attestation, RemoteValidator } from '@prorata/schemas';
import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import {
  content,
  cores,
  created,
  noChange,
  registeredAs,
  registration,
  sessions,
  tokens,
} from '../testing/samples.ts';
import { SECOND, START } from '../testing/stamp.ts';

const capacity: RemoteValidator = {
  name: 'capacity',
  url: 'https://capacity.example.test/check',
  deadlineMillis: 1_000,
  retries: 0,
  onUnavailable: 'refuse',
  resources: [],
  commands: [],
  secretRef: null,
};

const resources = registration.resources.map((resource) =>
  resource.name === 'cores'
    ? {
        ...resource,
        total: null,
        totalSource: { validator: 'capacity', maxAgeMicros: 60n * SECOND },
      }
    : resource,
);
const withValidator = (more: Partial<RemoteValidator> = {}, isSource = true) =>
  registeredAs({
    ...registration,
    ...(isSource ? { resources } : {}),
    validators: [{ ...capacity, ...more }],
  });

const attested = (more: Partial<Attestation> = {}): { attestations: Attestation[] } => ({
  attestations: [
    {
      validator: 'capacity',
      applicationVersion: 1n,
      status: 'approved',
      message: '',
      facts: { cores: 100n },
      observedAt: START,
      ...more,
    },
  ],
});

const create = (quotaId: string, limits = [cores(60n, 60n)]) =>
  ({ type: 'CreateQuota', data: { quotaId, content: content(limits) } }) as const;

describe('a command that a remote validator was asked about', () => {
  it('is accepted when it approved', () => {
    given(withValidator())
      .when(create('moka/a'), attested())
      .then(created('moka/a', [cores(60n, 60n)]));
  });

  it('is refused in its words when it denied, beside what the model says', () => {
    const when = given(withValidator()).when(
      create('moka/a/b'),
      attested({ status: 'denied', message: 'The cluster is frozen.' }),
    );
    when.thenRefused('VALIDATOR_DENIED', 'capacity', 'The cluster is frozen.');
    when.thenRefused('PARENT_UNKNOWN');
  });

  it('is refused when it did not answer, or taken where the registration says so', () => {
    const silent = attested({ status: 'unavailable', message: 'No answer in 1000 ms.', facts: {} });
    given(withValidator())
      .when(create('moka/a'), silent)
      .thenRefused('VALIDATOR_UNAVAILABLE', '1000 ms');
    given(withValidator({ onUnavailable: 'flag' }))
      .when(create('moka/a'), silent)
      .then(created('moka/a', [cores(60n, 60n)]));
  });

  it('is refused when it was not asked, or by another version of the registration', () => {
    given(withValidator()).when(create('moka/a')).thenRefused('VALIDATION_OUTDATED', 'capacity');
    given(withValidator())
      .when(create('moka/a'), attested({ applicationVersion: 2n }))
      .thenRefused('VALIDATION_OUTDATED');
    given(withValidator())
      .when(create('moka/a'), attested({ validator: 'other' }))
      .thenRefused('VALIDATION_OUTDATED');
  });

  it('is compared with the total that the validator told', () => {
    given(withValidator(), created('moka/a', [cores(60n, 60n)]))
      .when(create('moka/b', [cores(41n, 41n)]), attested())
      .thenRefused('TOTAL_EXCEEDED', '101', '100');
    given(withValidator(), created('moka/a', [cores(60n, 60n)]))
      .when(create('moka/b', [cores(40n, 40n)]), attested())
      .then(created('moka/b', [cores(40n, 40n)]));
  });

  it('may lower what is above a total that has shrunk', () => {
    const lowered = [cores(50n, 50n)];
    given(withValidator(), created('moka/a', [cores(60n, 60n)]))
      .when(
        { type: 'ChangeQuota', data: { ...noChange, quotaId: 'moka/a', setLimits: lowered } },
        attested({ facts: { cores: 10n } }),
      )
      .then({ type: 'QuotaChanged', data: { content: content(lowered) }, quotaId: 'moka/a' });
  });

  it('is refused when the fact is too old, from the future, or missing', () => {
    for (const [observedAt, told] of [
      [START - 61n * SECOND - 7n, '61 seconds old; at most 1 minute'],
      [START + 120n * SECOND, '2 minutes ahead'],
    ] as const) {
      given(withValidator())
        .when(create('moka/a'), attested({ observedAt }))
        .thenRefused('FACT_STALE', 'cores', told);
    }
    given(withValidator())
      .when(create('moka/a'), attested({ facts: { tokens: 1n } }))
      .thenRefused('FACT_MISSING', 'cores');
  });
});

describe('a command that no validator need be asked about', () => {
  it('is decided without: other resources, other commands', () => {
    const ofCores = withValidator({ resources: ['cores'] });
    given(ofCores)
      .when(create('moka/a', [tokens(5n)]))
      .then(created('moka/a', [tokens(5n)]));
    const ofDeletes = withValidator({ commands: ['DeleteQuota'] }, false);
    given(ofDeletes)
      .when(create('moka/a', [sessions(5n)]))
      .then(created('moka/a', [sessions(5n)]));
    given(ofDeletes, created('moka/a'))
      .when({ type: 'DeleteQuota', data: { quotaId: 'moka/a', children: 'refuse' } })
      .thenRefused('VALIDATION_OUTDATED');
  });

  it('is an override, so that nobody who fights a fire waits for a third party', () => {
    const limits = [tokens(9n)];
    const until = START + 60n * SECOND;
    given(withValidator(), created('moka/a', [tokens(5n)]))
      .when({ type: 'OverrideQuota', data: { quotaId: 'moka/a', limits, until } })
      .then({
        type: 'QuotaOverridden',
        data: { limits, until, suspension: false, replacesOverride: false },
        quotaId: 'moka/a',
      });
  });
});

describe('a request for more', () => {
  const request = (resource: 'cores' | 'tokens') =>
    ({
      type: 'RequestIncrease',
      data: {
        quotaId: 'moka/a',
        limits: [resource === 'cores' ? cores(9n, 9n) : tokens(9n)],
        unsetLimits: [],
      },
    }) as const;
  const past = [
    withValidator({ resources: ['cores'] }, false),
    created('moka/a', [cores(5n, 5n), tokens(5n)]),
  ] as const;

  it('is one that validators of its resources are asked about, and may deny', () => {
    given(...past)
      .when(request('cores'))
      .thenRefused('VALIDATION_OUTDATED', 'capacity');
    given(...past)
      .when(request('cores'), attested({ status: 'denied', message: 'No more this year.' }))
      .thenRefused('VALIDATOR_DENIED', 'No more this year.');
  });

  it('of another resource needs none of them', () => {
    given(...past)
      .when(request('tokens'))
      .thenResult('moka-p3');
  });
});

describe('a change of the whole list of limits', () => {
  it('is one of the limits that it leaves out, too', () => {
    const change = { ...noChange, quotaId: 'moka/a', setLimits: [tokens(5n)] };
    const past = [
      withValidator({ resources: ['cores'] }, false),
      created('moka/a', [cores(5n, 5n)]),
    ] as const;
    given(...past)
      .when({ type: 'ChangeQuota', data: { ...change, onlySetLimits: true } })
      .thenRefused('VALIDATION_OUTDATED', 'capacity');
    given(...past)
      .when({ type: 'ChangeQuota', data: change })
      .then({
        type: 'QuotaChanged',
        data: { content: content([cores(5n, 5n), tokens(5n)]) },
        quotaId: 'moka/a',
      });
  });
});
