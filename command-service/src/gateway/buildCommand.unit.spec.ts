import { Problem } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { actor, COMMAND_ID } from '../testing/outcomes.ts';
import { buildCommand } from './buildCommand.ts';
import { commandRoles, maySend } from './commandRoles.ts';

const body = {
  type: 'DeleteQuota',
  stream: 'application:moka',
  reason: 'no longer used',
  data: { quotaId: 'moka/a' },
};
const principal = { actor, roles: ['operator'], application: null };
const build = (changes: object = {}, more: object = {}) =>
  buildCommand({
    body: { ...body, ...changes },
    commandId: COMMAND_ID,
    ifMatch: null,
    principal,
    submittedAt: 5n,
    ...more,
  });

function problem(make: () => unknown): Problem {
  try {
    make();
  } catch (error) {
    if (error instanceof Problem) return error;
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

  it('takes the version from If-Match when the body says none', () => {
    expect(build({}, { ifMatch: '4' }).value.envelope.expectedVersion).toBe(4n);
    expect(build({ expectedVersion: 4 }, { ifMatch: '4' }).value.envelope.expectedVersion).toBe(4n);
  });

  it.each([3, '3', 0])(
    'is refused when its version %j differs from If-Match',
    (expectedVersion) => {
      const refused = problem(() => build({ expectedVersion }, { ifMatch: '4' }));
      expect(refused.violations?.map(({ path }) => path)).toEqual(['If-Match']);
    },
  );

  it('is refused with every violation, in the places of the request', () => {
    const refused = problem(() =>
      build(
        { stream: 'moka', reason: ' ', dryRun: 'yes', data: { quotaid: 'moka/a' }, more: 1 },
        { commandId: 'x', ifMatch: 'abc' },
      ),
    );
    expect(refused).toMatchObject({ status: 422, code: 'INVALID_COMMAND' });
    expect(refused.violations?.map(({ path }) => path).sort()).toEqual(
      [
        '/data/quotaId',
        '/data/quotaid',
        '/dryRun',
        '/expectedVersion',
        '/more',
        '/reason',
        '/stream',
        'Idempotency-Key',
      ].sort(),
    );
  });

  it.each([
    ['a list', []],
    ['nothing', null],
    ['text', 'x'],
  ])('is no %s', (_what, given) => {
    expect(problem(() => build({}, { body: given })).code).toBe('INVALID_COMMAND');
  });

  it('cannot bring an envelope of its own', () => {
    const data = { quotaId: 'moka/a', envelope: { actor: { kind: 'user' } } };
    expect(problem(() => build({ data })).violations?.[0]?.path).toBe('/data/envelope');
  });

  it.each(['constructor', 'toString', 'QuotaCreated', ''])('of type %j is refused', (type) => {
    expect(problem(() => build({ type })).violations?.[0]?.path).toBe('/type');
  });

  it('of a token for one application goes to that application alone', () => {
    const bound = (application: string) => ({ principal: { ...principal, application } });
    expect(build({}, bound('moka')).type).toBe('DeleteQuota');
    expect(problem(() => build({}, bound('tidb'))).code).toBe('FORBIDDEN');
  });
});

describe('who may send what', () => {
  it('robots send three, hosts and auditors nothing, an admin all', () => {
    const types = Object.keys(commandRoles) as (keyof typeof commandRoles)[];
    const sent = (role: string) => types.filter((type) => maySend(type, [role]));
    expect(sent('robot')).toEqual(['ResizeQuota', 'ApplyHaircut', 'LiftHaircut']);
    expect([...sent('host'), ...sent('auditor')]).toEqual([]);
    expect(sent('admin')).toEqual(types);
    expect(sent('operator')).not.toContain('RegisterApplication');
  });

  it('is asked before the form', () => {
    const robot = { principal: { ...principal, roles: ['robot'] } };
    expect(problem(() => build({ data: {} }, robot))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
  });
});
