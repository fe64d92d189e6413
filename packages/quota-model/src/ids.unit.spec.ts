import { describe, expect, it } from 'vitest';
import {
  ancestorsOf,
  applicationOf,
  isProjectId,
  isQuotaId,
  parentOf,
  parseStream,
  quotaIdFault,
  quotaIdFormFault,
  streamOf,
} from './ids.ts';

describe('quota ids', () => {
  it('are paths of 2 to 8 segments', () => {
    expect(isQuotaId('moka/prod/ads')).toBe(true);
    expect(isQuotaId('a/b/c/d/e/f/g/h')).toBe(true);
    expect(quotaIdFault('a/b/c/d/e/f/g/h/i')).toBe('depth');
    expect(quotaIdFault('moka')).toBe('form');
  });

  it.each([
    'moka/',
    '/moka/x',
    'moka//x',
    'moka/-x',
    'moka/x-',
    'Moka/x',
    'moka/x_y',
    'moka/ä',
    '',
  ])('refuse %j', (id) => {
    expect(quotaIdFault(id)).toBe('form');
  });

  it.each([
    ['moka', 'it names an application alone: a quota stands below it, such as moka/<name>'],
    ['moka//x', 'a segment is empty'],
    ['moka/x-', 'the segment "x-" begins or ends with a hyphen'],
    ['moka/a b', 'the segment "a b" has " ", and may have a-z, 0-9 and inner hyphens'],
    [`moka/${'x'.repeat(64)}`, /has 64 characters, and 63 are the most$/],
  ])('say what is wrong with %j', (id, why) => {
    const said = quotaIdFormFault(id);
    expect(said.slice(said.indexOf(': ') + 2, -1)).toMatch(why);
  });

  it('repeat no more of what is wrong than fits a line', () => {
    expect(quotaIdFormFault(`moka/${'\u0007'.repeat(100_000)}`).length).toBeLessThan(1_000);
  });

  it('hold 63 characters a segment and no more', () => {
    expect(isQuotaId(`moka/${'x'.repeat(63)}`)).toBe(true);
    expect(isQuotaId(`moka/${'x'.repeat(64)}`)).toBe(false);
  });

  it.each(['root', 'default', 'recovery'])('reserve %s at every level', (name) => {
    expect(quotaIdFault(`moka/${name}/ads`)).toBe('reserved');
    expect(quotaIdFault(`${name}/ads`)).toBe('reserved');
  });

  it('name their parents up to the application', () => {
    expect(parentOf('moka/prod/ads')).toBe('moka/prod');
    expect(parentOf('moka/prod')).toBe('moka');
    expect(applicationOf('moka/prod/ads')).toBe('moka');
    expect(ancestorsOf('moka/prod/ads/etl')).toEqual(['moka/prod/ads', 'moka/prod']);
    expect(ancestorsOf('moka/prod')).toEqual([]);
  });
});

describe('streams', () => {
  it('name what they are of', () => {
    expect(parseStream('application:moka')).toEqual({ kind: 'application', id: 'moka' });
    expect(parseStream(streamOf('tierpolicy', 'default'))).toEqual({
      kind: 'tierpolicy',
      id: 'default',
    });
  });

  it.each(['moka', 'application:', 'quota:moka', 'application:moka/prod', ':moka'])(
    'are not %j',
    (stream) => {
      expect(parseStream(stream)).toBeNull();
    },
  );
});

describe('projects', () => {
  it('are an organization and a project', () => {
    expect(isProjectId('acme/assistant')).toBe(true);
    expect(isProjectId('acme')).toBe(false);
    expect(isProjectId('acme/a/b')).toBe(false);
  });
});
