import { describe, expect, it } from 'vitest';
import {
  ancestorsOf,
  applicationOf,
  isProjectId,
  isQuotaId,
  parentOf,
  parseStream,
  quotaIdFault,
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
