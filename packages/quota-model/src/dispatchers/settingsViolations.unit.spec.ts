import { describe, expect, it } from 'vitest';
import { addressesOf, dispatcherTerms, settingsViolations } from './settingsViolations.ts';

const dispatcher = { name: 'd', target: 'a', secretRef: null, settings: null } as const;
const kinds = Object.keys(dispatcherTerms) as (keyof typeof dispatcherTerms)[];

describe('the settings of a dispatcher', () => {
  it.each(kinds)('have a schema that compiles and refuses what it does not know: %s', (kind) => {
    const wrong = { ...dispatcher, kind, settings: '{"surely not there":1}' };
    expect(settingsViolations(wrong, '', new Map()).map(({ code }) => code)).toContain(
      'DISPATCHER_SETTINGS_INVALID',
    );
  });

  it('name the addresses to which a dispatcher would be sent, for an operator to allow them', () => {
    const settings = '{"scheduler":"https://s","api":"https://k","place":"configmap"}';
    expect(addressesOf({ ...dispatcher, kind: 'yunikorn', settings })).toEqual([
      { path: '/settings/scheduler', url: 'https://s' },
      { path: '/settings/api', url: 'https://k' },
    ]);
    expect(addressesOf({ ...dispatcher, kind: 'webhook', target: 'https://h' })).toEqual([
      { path: '/target', url: 'https://h' },
    ]);
    expect(addressesOf({ ...dispatcher, kind: 'file' })).toEqual([]);
  });
});
