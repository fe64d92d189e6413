import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { decide, pinnedBy, workloadOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { TestStream, evidence, rightsizer, tokens } from '@prorata/quota-model/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../plan/json.ts';
import type { Declaration } from './declaration.ts';
import { FileFaults } from './fileFaults.ts';
import { fileSchema } from './fileSchema.ts';
import { messageOf } from './normalForm.ts';
import { placeText } from './place.ts';
import { declarationOf, readDeclaration } from './readDeclaration.ts';
import { documentsIn } from './readDocuments.ts';

const declared = (text: string): Declaration =>
  declarationOf(documentsIn('q.yaml', text).documents);

function faultsOf(text: string): readonly string[] {
  try {
    declared(text);
  } catch (error) {
    if (error instanceof FileFaults) return error.message.split('\n');
    throw error;
  }
  return [];
}

const quota = (text: string): string => `applications:\n  moka:\n    quotas:\n${text}`;

it('is read by a schema that is one', () => {
  const ajv = new Ajv2020({ strict: false });
  expect(ajv.validateSchema(fileSchema())).toBe(true);
});

describe('a declaration', () => {
  it('has the price book of the reference, which the model accepts', async () => {
    const page = path.join(import.meta.dirname, '../../../../docs/reference/charges.md');
    const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(await readFile(page, 'utf8')) ?? [];
    const data = declared(yaml).priceBooks.get('list')?.value ?? {};
    const stream = 'pricebook:list';
    const message = messageOf({ type: 'DefinePriceBook', stream, data }, { roles: ['admin'] });
    const decision = decide(null, message, { now: 0n, streamVersion: 0n });
    expect(decision).toMatchObject({ kind: 'accepted', events: [{ data: { version: 1n } }] });
    expect(data).toMatchObject({
      timeZone: 'Europe/Berlin',
      prices: [{ steps: [{ fromUnits: 10_000 }, { amount: '0.1' }] }, { unit: 'vCPU-hour' }],
    });
  });

  it('says by the how-to’s file that the whole fleet shares a quota’s limits', async () => {
    const example = path.join(import.meta.dirname, '../../../../docs/how-to/examples/fleet.yaml');
    const text = JSON.stringify(await readDeclaration([example]), (_, value: unknown) =>
      value instanceof Map
        ? [...(value as Map<string, unknown>)]
        : typeof value === 'bigint'
          ? `${value}`
          : value,
    );
    expect(text).toContain('"scope":"fleet","safeShareBasisPoints":200');
  });

  it('says by the how-to’s file how limits count, and which are on trial', async () => {
    const example = path.join(import.meta.dirname, '../../../../docs/how-to/examples/windows.yaml');
    const { applications } = await readDeclaration([example]);
    expect(applications[0]?.quotas.get('api-gateway/prod')?.value).toMatchObject({
      limits: [
        {
          resource: 'credits',
          consumable: { amount: 5000, window: 'P1D', zone: 'Europe/Berlin' },
        },
        { resource: 'requests', rate: { amount: 600, per: '1m' } },
      ],
      requests: {
        counting: 'sliding_window',
        trial: [{ resource: 'requests', rate: { amount: 400, per: '1m' } }],
      },
    });
  });

  it('says by the how-to’s file how evidence moves limits, and the model takes all of it', async () => {
    const examples = path.join(import.meta.dirname, '../../../../docs/how-to/examples');
    const { applications } = await readDeclaration([path.join(examples, 'rightsizing.yaml')]);
    const [api] = applications;
    const stream = new TestStream('application:api');
    const sent = (type: 'CreateQuota' | 'RegisterApplication', data: Json): void => {
      const { value } = messageOf({ type, stream: stream.stream, data }, { roles: ['admin'] });
      const { envelope, ...own } = value;
      expect(envelope.stream).toBe(stream.stream);
      const body = { type, data: own } as Parameters<TestStream['send']>[0];
      expect(stream.send(body, { roles: ['admin'] })).toMatchObject({ kind: 'accepted' });
    };
    sent('RegisterApplication', api?.registration?.value ?? {});
    for (const [quotaId, { value }] of api?.quotas ?? []) {
      sent('CreateQuota', { quotaId, content: value });
    }
    const state = stream.state as ApplicationState;
    const found = ['checkout', 'reports', 'launch'].map((name) => {
      const quotaId = `api/prod/${name}`;
      return [workloadOf(state, quotaId, 'requests'), pinnedBy(state, quotaId, 'requests')];
    });
    expect(found).toEqual([
      ['guaranteed', null],
      ['batch', null],
      ['serving', 'api/prod/launch'],
    ]);
    const resize = {
      quotaId: 'api/prod/checkout',
      limit: { ...tokens(500n), resource: 'requests' },
      evidence,
    };
    const robot = { actor: rightsizer, roles: ['robot'] };
    expect(stream.send({ type: 'ResizeQuota', data: resize }, robot)).toMatchObject({
      events: [{ type: 'RolloutStarted', data: { gate: { hostsMin: 2 } } }],
    });
  });

  it('has quotas with every default written out, by their whole ids', () => {
    const { applications } = declared(
      quota(`      prod:
        owner: group:platform
        tier: 1
        limits:
          - { resource: requests, rate: { amount: 10 } }
        quotas:
          ads: { tier: 2 }
          search: { owner: group:search }
`),
    );
    const quotas = applications[0]?.quotas;
    expect([...(quotas?.keys() ?? [])]).toEqual(['moka/prod', 'moka/prod/ads', 'moka/prod/search']);
    expect(quotas?.get('moka/prod')?.value).toMatchObject({
      limits: [{ resource: 'requests', rate: { amount: 10, per: '1s' } }],
      action: 'refuse',
      labels: {},
      project: null,
    });
    // Owner and tier of the quota around hold where none is said.
    expect(quotas?.get('moka/prod/ads')?.value).toMatchObject({ owner: 'group:platform', tier: 2 });
    expect(quotas?.get('moka/prod/search')?.value).toMatchObject({
      owner: 'group:search',
      tier: 1,
    });
  });

  it('takes a path for a quota whose parent is declared elsewhere', () => {
    const { applications } = declared(quota('      prod/ads: { owner: group:ads, tier: 2 }\n'));
    expect([...(applications[0]?.quotas.keys() ?? [])]).toEqual(['moka/prod/ads']);
  });

  it('is made of several documents', () => {
    const { applications, organizations } = declared(
      `${quota('      prod: { owner: g, tier: 1 }\n')}---\n${quota('      dev: { owner: g, tier: 4 }\n')}---\norganizations: { acme: { displayName: Acme } }\n`,
    );
    expect([...(applications[0]?.quotas.keys() ?? [])]).toEqual(['moka/prod', 'moka/dev']);
    expect(organizations[0]?.registration?.value).toEqual({ displayName: 'Acme' });
  });

  it('keeps whole numbers beyond 2^53 exact', () => {
    const { applications } = declared(
      quota(
        '      prod: { owner: g, tier: 1, limits: [{ resource: r, rate: { amount: 9007199254740993 } }] }\n',
      ),
    );
    expect(applications[0]?.quotas.get('moka/prod')?.value).toMatchObject({
      limits: [{ rate: { amount: '9007199254740993' } }],
    });
  });

  it('takes amounts of 64 bits as numbers or as text, and none beyond', () => {
    const amounts = (text: string): string =>
      quota(
        `      prod: { owner: g, tier: 1, limits: [{ resource: r, rate: { amount: ${text} } }] }\n`,
      );
    const limitsOf = (text: string): unknown =>
      declared(amounts(text)).applications[0]?.quotas.get('moka/prod')?.value['limits'];
    expect(limitsOf("'40000'")).toEqual(limitsOf('40000'));
    expect(limitsOf("'9223372036854775807'")).toEqual(limitsOf('9223372036854775807'));
    expect(faultsOf(amounts('9223372036854775808'))).toEqual([
      expect.stringMatching(/^q\.yaml:4:\d+: limits\.0\.rate\.amount /) as string,
    ]);
  });

  it('takes whole numbers that the model takes, and says which others', () => {
    expect(faultsOf(quota('      prod: { owner: g, tier: 5, cutPriority: 1000001 }\n'))).toEqual([
      'q.yaml:4:31: must be 0 to 4',
      'q.yaml:4:47: must be -1000000 to 1000000',
    ]);
    const policy = 'tierPolicies: { p: { steps: [], floorBasisPoints: [1, 2] } }';
    expect(faultsOf(policy)).toEqual(['q.yaml:1:51: must have 5 items']);
  });

  it('does not tell the same limits in another order, or the same money in other digits, apart', () => {
    const limits = (...names: string[]): string =>
      names.map((name) => `{ resource: ${name}, concurrency: { max: 1 } }`).join(', ');
    const contents = [limits('a', 'b'), limits('b', 'a')].map((list) => {
      const { applications } = declared(
        quota(`      prod: { owner: g, tier: 1, limits: [${list}] }\n`),
      );
      return applications[0]?.quotas.get('moka/prod')?.value;
    });
    expect(contents[0]).toEqual(contents[1]);
    const amounts = ["'100.50'", "'100.5'", '100'].map((amount) => {
      const { organizations } = declared(`organizations: { acme: { budgets: { b: {
        amount: ${amount}, currency: EUR, window: { kind: calendar_month, timeZone: UTC },
        priceBook: list, tierPolicy: standard } } } }`);
      return organizations[0]?.budgets.get('b')?.value['amount'];
    });
    expect(amounts).toEqual(['100.5', '100.5', '100']);
  });

  it('knows where each part stands', () => {
    const { applications } = declared(
      quota(`      prod:
        owner: g
        tier: 1
        limits:
          - { resource: tokens, rate: { amount: 1 } }
          - resource: requests
            concurrency: { max: 400 }
`),
    );
    const prod = applications[0]?.quotas.get('moka/prod');
    expect(placeText(prod!.placeOf())).toBe('q.yaml:4:7');
    expect(placeText(prod!.placeOf(['limits', 'requests']))).toBe('q.yaml:9:13');
    // What is not written is told where the quota stands.
    expect(placeText(prod!.placeOf(['labels', 'team']))).toBe('q.yaml:4:7');
  });
});

describe('a file that is wrong', () => {
  it('is told everything at once, by line and column', () => {
    const faults = faultsOf(
      quota(`      prod:
        owner: group:platform
        teir: 1
        limits:
          - { resource: requests, rate: { amount: 1.5 } }
          - { resource: tokens, speed: { amount: 1 } }
      Dev:
        owner: g
        tier: high
`),
    );
    expect(faults).toEqual([
      expect.stringMatching(/^q\.yaml:6:9: "teir" is not known here; there is owner, project/),
      expect.stringMatching(/^q\.yaml:8:51: must be a whole number, or "unlimited" or "blocked"$/),
      expect.stringMatching(/^q\.yaml:9:13: must be \{ resource, rate: … \}, or/),
      expect.stringMatching(/^q\.yaml:10:7: "Dev" cannot be an id here/),
      expect.stringMatching(/^q\.yaml:12:15: must be a whole number$/),
    ]);
  });

  it.each([
    ['no YAML', 'applications: {', /^q\.yaml:\d+:\d+: no YAML/],
    [
      'a key twice',
      'organizations: {}\norganizations: {}\n',
      /^q\.yaml:2:1: no YAML: Map keys must be unique/,
    ],
    ['no record', '- 1\n', /^q\.yaml:1:1: must be an object/],
    ['no owner', quota('      prod: { tier: 1 }\n'), /^q\.yaml:4:7: needs "owner", which no quota/],
    [
      'money without quotes',
      'organizations: { acme: { budgets: { b: { amount: 12.5 } } } }',
      /one in quotes/,
    ],
    [
      'a wrong duration',
      quota(
        '      prod: { owner: g, tier: 1, limits: [{ resource: r, rate: { amount: 1, per: 400d } }] }\n',
      ),
      /q\.yaml:4:\d+: .*is longer than 366d/,
    ],
    [
      'an entitlement of nothing',
      'applications: { moka: { entitlements: [{ project: a/b, resource: r }] } }',
      /needs "amount"/,
    ],
  ])('says what is wrong with %s', (_what, text, message) => {
    const { documents, faults } = documentsIn('q.yaml', text);
    const told =
      faults.length > 0
        ? faults.map((each) => `${placeText(each.place)}: ${each.message}`)
        : faultsOf(text);
    expect(documents.length > 0 || faults.length > 0).toBe(true);
    expect(told.join('\n')).toMatch(message);
  });

  it('may declare nothing twice, and names both places', () => {
    const text = `${quota('      prod: { owner: g, tier: 1 }\n')}---\n${quota('      prod: { owner: h, tier: 1 }\n')}`;
    expect(faultsOf(text)).toEqual([
      expect.stringMatching(/^q\.yaml:9:7: moka\/prod is declared already, at q\.yaml:4:7$/),
    ]);
  });
});

describe('files and folders', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are read as one, in the order of their names', async () => {
    await mkdir(path.join(folder, 'teams'));
    await writeFile(path.join(folder, 'a.yaml'), quota('      prod: { owner: g, tier: 1 }\n'));
    await writeFile(
      path.join(folder, 'teams', 'b.yml'),
      quota('      dev: { owner: g, tier: 1 }\n'),
    );
    await writeFile(path.join(folder, 'readme.md'), 'not: [read');
    const { applications } = await readDeclaration([folder]);
    expect([...(applications[0]?.quotas.keys() ?? [])]).toEqual(['moka/prod', 'moka/dev']);
  });

  it('that are not there, or empty, are told', async () => {
    await expect(readDeclaration([path.join(folder, 'none')])).rejects.toThrow(
      'There is no file or folder',
    );
    await expect(readDeclaration([folder])).rejects.toThrow('no file that ends in');
  });
});
