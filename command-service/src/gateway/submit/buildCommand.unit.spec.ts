import { roles } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { actor, COMMAND_ID } from '../../testing/outcomes.ts';
import { buildCommand } from './buildCommand.ts';
import { commandRoles, maySend } from '../commandRoles.ts';
import { SubmissionRefused } from './submissionRefused.ts';

const body = {
  type: 'DeleteQuota',
  stream: 'application:moka',
  reason: 'no longer used',
  data: { quotaId: 'moka/a' },
};
const principal: Principal = {
  actor,
  roles: ['operator'],
  grants: [],
  groups: [],
  application: null,
  endsAtMs: Infinity,
};
const build = (changes: object = {}, more: object = {}) =>
  buildCommand({ body: { ...body, ...changes }, commandId: COMMAND_ID, principal, ...more }, 5n);

function refusal(make: () => unknown): SubmissionRefused {
  try {
    make();
  } catch (error) {
    if (error instanceof SubmissionRefused) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('a command from a request', () => {
  it('has the envelope of whom the token names', () => {
    const command = build({ expectedVersion: '9007199254740993', dryRun: true });
    expect(command.value.envelope).toEqual({
      commandId: COMMAND_ID,
      stream: 'application:moka',
      groups: [],
      grants: [],
      waivers: [],
      usage: [],
      attestations: [],
      actor,
      roles: ['operator'],
      reason: 'no longer used',
      expectedVersion: 9007199254740993n,
      dryRun: true,
      submittedAt: 5n,
    });
  });

  it('carries the groups and grants of whom the token names', () => {
    const grants = [{ role: 'operator', scope: 'moka/prod' }];
    const member = { ...principal, roles: ['member'], groups: ['group:ads'], grants };
    const { envelope } = build({}, { principal: member }).value;
    expect(envelope).toMatchObject({ roles: ['member'], groups: ['group:ads'], grants });
  });

  it('is refused with every violation, in the places of the request', () => {
    const refused = refusal(() =>
      build(
        {
          stream: 'moka',
          reason: ' ',
          dryRun: 'yes',
          expectedVersion: 'abc',
          data: { quotaid: 'moka/a' },
          more: 1,
        },
        { commandId: 'x' },
      ),
    );
    expect(refused).toMatchObject({ code: 'INVALID_COMMAND' });
    expect(refused.violations?.map(({ path }) => path).sort()).toEqual(
      [
        '/data/quotaId',
        '/data/quotaid',
        '/dryRun',
        '/expectedVersion',
        '/more',
        '/reason',
        '/stream',
        '/commandId',
      ].sort(),
    );
  });

  it.each([
    ['a list', []],
    ['nothing', null],
    ['text', 'x'],
  ])('is no %s', (_what, given) => {
    expect(refusal(() => build({}, { body: given })).code).toBe('INVALID_COMMAND');
  });

  it('cannot bring an envelope of its own', () => {
    const data = { quotaId: 'moka/a', envelope: { actor: { kind: 'user' } } };
    expect(refusal(() => build({ data })).violations?.[0]?.path).toBe('/data/envelope');
  });

  it.each(['constructor', 'toString', 'QuotaCreated', ''])('of type %j is refused', (type) => {
    expect(refusal(() => build({ type })).violations?.[0]?.path).toBe('/type');
  });

  it('of a token for one application goes to that application alone', () => {
    const bound = (application: string) => ({ principal: { ...principal, application } });
    expect(build({}, bound('moka')).type).toBe('DeleteQuota');
    expect(refusal(() => build({}, bound('tidb'))).code).toBe('APPLICATION_FOREIGN');
  });
});

describe('who may send what', () => {
  const types = Object.keys(commandRoles) as (keyof typeof commandRoles)[];
  const nobody = { roles: [], grants: [] };

  it('stands in the table: every command for every role, and for none', () => {
    for (const type of types) {
      expect(maySend(type, nobody, 'application:moka')).toBe(false);
      for (const role of roles) {
        const sent = maySend(type, { ...nobody, roles: [role] }, 'application:moka');
        expect([type, role, sent]).toEqual([type, role, commandRoles[type].includes(role)]);
      }
    }
  });

  it('robots send allocations by a split, resizings and rehearsals of them, cuts, what budgets cross, steps of rollouts, closings of periods, what became of a process and take back what they proposed, hosts and auditors nothing, an admin all but what a robot alone says of itself', () => {
    const sent = (role: string) =>
      types.filter((type) => maySend(type, { ...nobody, roles: [role] }, 'application:moka'));
    expect(sent('robot').sort()).toEqual(
      [
        'SetEntitlement',
        'ResizeQuota',
        'RecordRehearsal',
        'CompleteAllocation',
        'AllocateEntitlement',
        'RecordThreshold',
        'RehearseCut',
        'BeginCut',
        'CompleteCut',
        'ApplyHaircut',
        'LiftHaircut',
        'AdvanceRollout',
        'PauseRollout',
        'PromoteRollout',
        'RollBackRollout',
        'WithdrawProposal',
        'ClosePeriod',
      ].sort(),
    );
    expect([...sent('host'), ...sent('auditor')]).toEqual([]);
    expect(sent('admin')).toEqual(types.filter((type) => type !== 'RecordRehearsal'));
    expect(sent('operator')).not.toContain('RegisterApplication');
    expect(sent('member')).not.toContain('ApplyHaircut');
  });

  it.each([
    ['operator', 'moka', 'application:moka', true],
    ['operator', 'moka/prod', 'application:moka', true],
    ['operator', 'moka/prod', 'application:tidb', false],
    ['operator', 'moka', 'organization:moka', false],
    ['host', 'moka', 'application:moka', false],
    ['operator', 'organization:acme', 'application:acme', false],
  ])('a grant of %s at %s opens %s: %s', (role, scope, stream, expected) => {
    const sender = { roles: ['auditor'], grants: [{ role, scope }] };
    expect(maySend('DeleteQuota', sender, stream)).toBe(expected);
  });

  it('is asked before the form', () => {
    const robot = { principal: { ...principal, roles: ['robot'] } };
    const refused = refusal(() => build({ data: {} }, robot));
    expect(refused).toMatchObject({ code: 'FORBIDDEN' });
    expect(refused.message).toMatch(/needs one of the roles .*\. You have robot\.$/);
  });
});
