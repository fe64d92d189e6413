import { describe, expect, it } from 'vitest';
import { mappingFrom } from './mapping.ts';
import type { MappingJson } from './mapping.ts';
import { yunikornReader } from './textSource.ts';
import { yunikornSummary } from './yunikornSummary.ts';

const HEAD =
  'ApplicationID: spark-0a1, SubmissionTime: 1700000000000, StartTime: 1700000005000, FinishTime: 1700003605000, ' +
  'User: alice, Queue: root.prod.ads, State: Completed, RmID: [mycluster]default, ';
const FLAT =
  'ResourceUsage: TrackedResource{m5.large:memory=7200000000,m5.large:vcore=3600000,g4dn.xlarge:nvidia.com/gpu=3600}, ' +
  'PreemptedResource: TrackedResource{}, PlaceholderResource: TrackedResource{m5.large:vcore=400}';
const GO_MAP =
  'ResourceUsage: map[g4dn.xlarge:map[nvidia.com/gpu:3600] m5.large:map[memory:7200000000 vcore:3600000]], ' +
  'PreemptedResource: map[], PlaceholderResource: map[m5.large:map[vcore:400]]';

/** As schedulers of different ages write it, and as log collectors wrap it. */
const forms = {
  'in braces': `2026-01-01T00:00:00.000Z\tINFO\tcore.scheduler.application.usage\tobjects/application_summary.go:67\tYK_APP_SUMMARY: {${HEAD}${FLAT}}`,
  'as a field': `2026-01-01T00:00:00.000Z\tINFO\tcore.scheduler.application.usage\tYK_APP_SUMMARY:\t{"appSummary": "${HEAD}${FLAT}"}`,
  'as Go prints maps': `INFO YK_APP_SUMMARY: {"ApplicationSummary": "${HEAD}${GO_MAP}"}`,
  'in JSON': JSON.stringify({ msg: 'YK_APP_SUMMARY:', summary: `${HEAD}${FLAT}` }),
};

describe('yunikornSummary', () => {
  it.each(Object.entries(forms))('is read %s', (_form, line) => {
    expect(yunikornSummary(line)).toEqual({
      applicationId: 'spark-0a1',
      submittedAt: 1_700_000_000_000_000n,
      startedAt: 1_700_000_005_000_000n,
      finishedAt: 1_700_003_605_000_000n,
      user: 'alice',
      queue: 'root.prod.ads',
      state: 'Completed',
      manager: '[mycluster]default',
      used: new Map([
        [
          'm5.large',
          new Map([
            ['memory', 7_200_000_000n],
            ['vcore', 3_600_000n],
          ]),
        ],
        ['g4dn.xlarge', new Map([['nvidia.com/gpu', 3_600n]])],
      ]),
      preempted: new Map(),
      placeholders: new Map([['m5.large', new Map([['vcore', 400n]])]]),
    });
  });

  it('takes a start in the year 1 for none', () => {
    const line = forms['in braces'].replace(
      'StartTime: 1700000005000',
      'StartTime: -62135596800000',
    );
    expect(yunikornSummary(line)?.startedAt).toBeNull();
  });

  it('has nothing of resources that were never tracked', () => {
    const line = `YK_APP_SUMMARY: {${HEAD}ResourceUsage: %!s(*resources.TrackedResource=<nil>), PreemptedResource: <nil>, PlaceholderResource: TrackedResource{}}`;
    expect(yunikornSummary(line)?.used).toEqual(new Map());
  });

  it.each([
    ['cut off', forms['in braces'].slice(0, 200)],
    ['without a field', forms['in braces'].replace('Queue: root.prod.ads, ', '')],
    ['with an amount that is none', forms['in braces'].replace('vcore=400', 'vcore=many')],
    ['with a time that is none', forms['in braces'].replace('1700003605000', 'soon')],
    ['with half a map', forms['as Go prints maps'].replace('vcore:400]]', 'vcore:400')],
  ])('is none %s', (_what, line) => {
    expect(yunikornSummary(line)).toBeNull();
  });

  it('is looked for in one way through the line', () => {
    const line = `YK_APP_SUMMARY: {ApplicationID: ${', User: , Queue: , State: '.repeat(40_000)}}`;
    const begun = performance.now();
    expect(yunikornSummary(line)).toBeNull();
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

const read = (line: string, changes: MappingJson = {}) => {
  const mapping = mappingFrom({ quota: 'moka/{queue}', ...changes }, 'format');
  return yunikornReader(mapping)(line, 3n);
};

describe('a summary as usage', () => {
  it('is a record a type of instance, with all that filled the queue, cut at hours', () => {
    const told = read(forms['in braces'], { project: 'acme/{user}', zone: '{instance_type}' });
    if (told.kind !== 'usage') throw new Error(JSON.stringify(told));
    expect(told.usages).toHaveLength(2);
    const [gpu, large] = told.usages;
    expect(gpu).toMatchObject({
      hostId: 'yunikorn/[mycluster]default',
      bootId: 'spark-0a1',
      sequence: 0n,
      application: 'moka',
      quotaId: 'moka/prod/ads',
      project: 'acme/alice',
      zone: 'g4dn.xlarge',
      resources: [{ resource: 'nvidia.com/gpu', used: 3_600n, peak: 1n }],
    });
    expect(large).toMatchObject({
      sequence: 16_384n,
      zone: 'm5.large',
      resources: [
        { resource: 'memory', used: 7_200_000_000n, peak: 2_000_000n },
        { resource: 'vcore', used: 3_600_400n, peak: 1_001n },
      ],
    });
  });

  it('takes other names for queues, users and resources, and leaves out what is null', () => {
    const told = read(forms['in braces'], {
      project: 'acme/{user}',
      values: {
        queue: { 'prod/ads': 'batch' },
        user: { alice: 'search' },
        resource: { vcore: 'milli-vcore', 'nvidia.com/gpu': null },
      },
    });
    if (told.kind !== 'usage') throw new Error(JSON.stringify(told));
    expect(told.usages).toMatchObject([
      {
        quotaId: 'moka/batch',
        project: 'acme/search',
        resources: [{ resource: 'memory' }, { resource: 'milli-vcore' }],
      },
    ]);
  });

  it('passes over what else stands in a log, and applications that held nothing', () => {
    expect(read('INFO scheduler started')).toEqual({ kind: 'passed' });
    const nothing = `YK_APP_SUMMARY: {${HEAD}ResourceUsage: TrackedResource{}, PreemptedResource: TrackedResource{}, PlaceholderResource: TrackedResource{}}`;
    expect(read(nothing)).toEqual({ kind: 'passed' });
  });

  it('counts an application from its submission that was never told to start', () => {
    const line = forms['in braces'].replace('StartTime: 1700000005000', 'StartTime: 0');
    expect(read(line)).toMatchObject({
      kind: 'usage',
      usages: [{ windowStart: 1_700_000_000_000_000n }, {}, {}, {}],
    });
  });

  const usageOf = (resources: number): string => {
    const amounts = Array.from({ length: resources }, (_, at) => `m5.large:r${at}=1`).join(',');
    return `ResourceUsage: TrackedResource{${amounts}}, PreemptedResource: TrackedResource{}, PlaceholderResource: TrackedResource{}`;
  };

  it('counts as many resources as a record may name', () => {
    expect(read(`YK_APP_SUMMARY: {${HEAD}${usageOf(64)}}`)).toMatchObject({ kind: 'usage' });
  });

  it.each([
    ['no end', forms['in braces'].replace('1700003605000', '0'), 'TIME_UNREADABLE'],
    ['broken', forms['in braces'].slice(0, 220), 'LINE_UNREADABLE'],
    ['500 days long', forms['in braces'].replace('1700003605000', '1743200005000'), 'RUN_TOO_LONG'],
    ['of 65 resources', `YK_APP_SUMMARY: {${HEAD}${usageOf(65)}}`, 'LINE_UNREADABLE'],
  ])('is not counted: %s', (_what, line, reason) => {
    expect(read(line)).toMatchObject({ kind: 'bad', reason });
  });

  it('is counted once, however often a log has it', () => {
    const reader = yunikornReader(mappingFrom({ quota: 'moka/{queue}' }, 'format'));
    expect(reader(forms['in braces'], 1n).kind).toBe('usage');
    expect(reader(forms['in JSON'], 2n)).toMatchObject({ kind: 'bad', reason: 'ID_REPEATED' });
    const other = forms['in braces'].replace('[mycluster]default', '[mycluster]gpu');
    expect(reader(other, 3n).kind).toBe('usage');
  });
});
