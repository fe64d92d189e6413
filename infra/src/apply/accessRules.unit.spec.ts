import { topicManifest } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { accessRules } from './accessRules.ts';

const rules = accessRules(topicManifest, '');

function whoMay(operation: string, resource: string, name: string): string[] {
  return rules
    .filter((rule) => rule.operation === operation && rule.resource === resource)
    .filter((rule) =>
      rule.pattern === 'literal' ? rule.name === name : name.startsWith(rule.name),
    )
    .map((rule) => rule.principal);
}

describe('the access rules', () => {
  it('have one writer for what decides', () => {
    expect(whoMay('write', 'topic', 'quota.commands')).toEqual(['gateway']);
    expect(whoMay('write', 'topic', 'quota.events')).toEqual(['writer']);
    expect(whoMay('write', 'topic', 'quota.outcomes')).toEqual(['writer']);
    expect(whoMay('write', 'topic', 'quota.rules.moka')).toEqual(['relay']);
  });

  it('let nobody delete a topic or use the writer’s identity but the writer', () => {
    expect(
      rules.filter(({ operation, resource }) => operation === 'delete' && resource === 'topic'),
    ).toEqual([]);
    expect(whoMay('write', 'transactional-id', 'command-service-quota.commands-0')).toEqual([
      'writer',
    ]);
    expect(whoMay('read', 'group', 'command-service')).toEqual(['writer']);
  });

  it('let only the relay make topics, and only those of rules and leases', () => {
    const made = {
      principal: 'relay',
      resource: 'topic',
      pattern: 'prefixed',
      operation: 'create',
    };
    expect(rules.filter(({ operation }) => operation === 'create')).toEqual([
      { ...made, name: 'quota.rules.' },
      { ...made, name: 'quota.leases.' },
    ]);
  });

  it('stay within the namespace', () => {
    expect(accessRules(topicManifest, 't1').every(({ name }) => name.startsWith('t1.'))).toBe(true);
  });

  it('state nothing twice', () => {
    expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(rules.length);
  });
});
