import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { content, cores, requestTerms, tokens } from '../testing/samples.ts';
import { canonicalContent, contentHash } from './contentHash.ts';

describe('the canonical form of a content', () => {
  it('is that of the reference, for good', () => {
    const written = content([tokens(9_007_199_254_740_993n), cores(1n, 2n)], {
      project: 'acme/ads',
      labels: { b: '2', a: 'é' },
      attributes: '{"z":1.50,"a":[null,{"y":true,"x":"<"}]}',
      match: [{ attribute: 'caller', operator: 'in', values: ['web', 'app'] }],
      rightsizing: [{ resource: 'tokens', min: 1n, max: 9n, workload: null, pinned: false }],
    });
    const text =
      '{"action":"refuse","attributes":{"a":[null,{"x":"<","y":true}],"z":1.5},"cutPriority":0,' +
      '"labels":{"a":"é","b":"2"},"limits":[' +
      '{"amount":"2","bound":"amount","guaranteed":"1","kind":"capacity","resource":"cores"},' +
      '{"amount":"9007199254740993","bound":"amount","kind":"rate","perMicros":"1000000","resource":"tokens"}],' +
      '"match":[{"attribute":"caller","operator":"in","values":["web","app"]}],"owner":"team-ads",' +
      '"project":"acme/ads","rightsizing":[{"max":"9","min":"1","resource":"tokens"}],"tier":2}';
    expect(canonicalContent(written)).toBe(text);
    expect(contentHash(written)).toBe(createHash('sha256').update(text).digest('hex'));
  });

  it('is the same for requests as before there were limits of a fleet', () => {
    const text = canonicalContent(content([], { requests: requestTerms({ eachOf: 'caller' }) }));
    expect(text).toContain('"requests":{"eachOf":"caller","priority":0,"rampPercent":100}');
  });

  it('tells contents apart that differ in one field', () => {
    const base = content([tokens(5n)]);
    const others = [
      content([tokens(6n)]),
      content([tokens(5n, { burst: 5n })]),
      { ...base, owner: 'team-b' },
      { ...base, project: 'acme/ads' },
      { ...base, tier: 1 },
      { ...base, mode: 'shadow' as const },
      { ...base, labels: { a: '1' } },
      { ...base, attributes: '{"a":null}' },
      { ...base, requests: requestTerms({ eachOf: 'caller' }) },
      { ...base, requests: requestTerms({ scope: 'fleet' }) },
    ];
    const hashes = new Set([base, ...others].map(contentHash));
    expect(hashes.size).toBe(others.length + 1);
  });

  it('is made of attributes that are nested as deep as their bytes allow', () => {
    const deep = `{"a":${'['.repeat(8_000)}${']'.repeat(8_000)}}`;
    expect(canonicalContent(content([], { attributes: deep }))).toContain('[[[[');
  });
});
