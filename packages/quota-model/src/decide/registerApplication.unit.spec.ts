import { describe, expect, it } from 'vitest';
import { given, givenIn } from '../testing/given.ts';
import {
  cores,
  created,
  credits,
  overridden,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { DAY, START } from '../testing/stamp.ts';

const withResources = (resources: typeof registration.resources) => ({
  type: 'RegisterApplication' as const,
  data: { ...registration, resources },
});
const register = withResources(registration.resources);

describe('RegisterApplication', () => {
  it('registers', () => {
    given().when(register).then(registered);
  });

  it('sorts resources, so that equal registrations are equal', () => {
    given()
      .when(withResources([...registration.resources].reverse()))
      .then(registered);
    given(registered)
      .when(withResources([...registration.resources].reverse()))
      .thenNothing();
  });

  it('changes what is registered', () => {
    const data = { ...registration, displayName: 'Moka 2' };
    given(registered).when({ type: 'RegisterApplication', data }).then(registeredAs(data, 2n));
  });

  it('keeps a resource that a quota, an override or an entitlement uses', () => {
    const without = withResources(registration.resources.filter(({ name }) => name !== 'tokens'));
    given(registered).when(without).then(registeredAs(without.data, 2n));
    given(registered, created('moka/prod', [tokens(1n)]))
      .when(without)
      .thenRefused('RESOURCE_IN_USE', 'moka/prod');
    given(registered, created('moka/prod', [tokens(1n)]), created('moka/test', [tokens(1n)]))
      .when(without)
      .thenRefused('RESOURCE_IN_USE', 'and 1 other use tokens');
    given(registered, {
      type: 'EntitlementSet',
      data: { project: 'acme/a', resource: 'tokens', bound: 'amount', amount: 1n, source: null },
    })
      .when(without)
      .thenRefused('RESOURCE_IN_USE', 'acme/a');
  });

  it('lets a resource go again that was declared while a quota is suspended', () => {
    const kind = 'capacity' as const;
    const disk = { name: 'disk', kind, unit: 'byte', total: null, totalSource: null };
    const more = withResources([...registration.resources, disk]);
    const blocked = { ...unbounded(sessions(1n), 'blocked'), resource: 'disk', kind };
    const past = [registered, created('moka/prod')];
    const until = START + DAY;
    given(
      ...past,
      overridden('moka/prod', [], until, { suspension: true }),
      registeredAs(more.data, 2n),
    )
      .when(register)
      .then(registeredAs(registration, 3n));
    given(...past, registeredAs(more.data, 2n), overridden('moka/prod', [blocked], until))
      .when(register)
      .thenRefused('RESOURCE_IN_USE', 'moka/prod', 'disk');
  });

  it('keeps kind and unit of a resource in use', () => {
    const renamed = registration.resources.map((resource) =>
      resource.name === 'tokens' ? { ...resource, unit: 'word' } : resource,
    );
    given(registered, created('moka/prod', [tokens(1n)]))
      .when(withResources(renamed))
      .thenRefused('RESOURCE_IN_USE');
    given(registered, created('moka/prod'), {
      type: 'ChangeProposed',
      data: {
        proposalId: 'moka-p3',
        limits: [tokens(1n)],
        unsetLimits: [],
        evidence: null,
        origin: 'request',
        expiresAt: START + DAY,
      },
      quotaId: 'moka/prod',
    })
      .when(withResources(renamed))
      .thenRefused('RESOURCE_IN_USE', 'proposal moka-p3');
  });

  it('refuses a total below what is guaranteed or promised already', () => {
    const past = [registered, created('moka/prod', [cores(600n, 600n), credits(50n)])] as const;
    const totals = (coresTotal: bigint, creditsTotal: bigint) =>
      withResources(
        registration.resources.map((resource) =>
          resource.name === 'cores'
            ? { ...resource, total: coresTotal }
            : resource.name === 'credits'
              ? { ...resource, total: creditsTotal }
              : resource,
        ),
      );
    given(...past)
      .when(totals(599n, 50n))
      .thenRefused('TOTAL_EXCEEDED', '600', '599');
    given(...past)
      .when(totals(600n, 49n))
      .thenRefused('TOTAL_EXCEEDED', '50', '49');
    const fits = totals(600n, 50n);
    given(...past)
      .when(fits)
      .then(registeredAs(fits.data, 2n));
  });

  it('refuses a total below a maximum that was declared under it, and names whose', () => {
    const withCores = (total: bigint | null) =>
      withResources(
        registration.resources.map((resource) =>
          resource.name === 'cores' ? { ...resource, total } : resource,
        ),
      );
    const past = [
      registered,
      created('moka/prod', [cores(0n, 900n)]),
      created('moka/dev', [cores(0n, 700n)]),
      created('moka/x'),
      created('moka/x/y', [cores(0n, 800n)]),
      created('moka/x/y/z', [cores(0n, 800n)]),
    ] as const;
    given(...past)
      .when(withCores(799n))
      .thenRefused('TOTAL_EXCEEDED', 'moka/prod has 900', 'moka/x/y has 800', '799');
    const fits = withCores(900n);
    given(...past)
      .when(fits)
      .then(registeredAs(fits.data, 2n));
    // What is above already, as by a log of before, is not in the way of what makes it better.
    const above = [...past, created('moka/big', [cores(0n, 5_000n)])] as const;
    const better = withCores(2_000n);
    given(...above)
      .when(better)
      .then(registeredAs(better.data, 2n));
    const none = registeredAs(withCores(null).data, 1n);
    const unlimited = created('moka/all', [unbounded(cores(0n, 1n), 'unlimited')]);
    given(none, unlimited)
      .when(withCores(1_000n))
      .thenRefused('TOTAL_EXCEEDED', 'moka/all has unlimited');
  });

  it('refuses what contradicts itself, every fault at once', () => {
    const { decision } = given()
      .when({
        type: 'RegisterApplication',
        data: {
          ...registration,
          proposalLifetimeMicros: 0n,
          resources: [
            { name: 'a b', kind: 'rate', unit: 'x', total: 5n, totalSource: null },
            { name: 'c', kind: 'capacity', unit: 'x', total: -1n, totalSource: null },
            { name: 'c', kind: 'capacity', unit: 'x', total: null, totalSource: null },
          ],
        },
      })
      .thenRefused('REGISTRATION_INVALID');
    const paths = decision.kind === 'refused' ? decision.violations.map(({ path }) => path) : [];
    expect(paths).toEqual([
      '/proposalLifetimeMicros',
      '/resources/0/name',
      '/resources/0/total',
      '/resources/1/total',
      '/resources/2/name',
    ]);
  });

  it('is decided by a stream of applications, none of a reserved name', () => {
    givenIn('organization:acme').when(register).thenRefused('WRONG_STREAM', 'application');
    givenIn('application:default').when(register).thenRefused('QUOTA_ID_RESERVED');
  });

  it('compares the expected version with the stream', () => {
    given(registered).when(register, { expectedVersion: 0n }).thenRefused('VERSION_MISMATCH', '1');
    given(registered).when(register, { expectedVersion: 1n }).thenNothing();
  });
});
