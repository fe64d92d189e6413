import { describe, expect, it } from 'vitest';
import { namedSchemas } from './schemaFiles.ts';

const fieldsOf = (name: string): unknown[] => [...(namedSchemas.get(name)?.fields ?? [])];

describe('the steps of ChangeTree', () => {
  it.each([
    ['CreateStep', 'CreateQuota'],
    ['ChangeStep', 'ChangeQuota'],
    ['MoveStep', 'MoveQuota'],
    ['DeleteStep', 'DeleteQuota'],
  ])('%s says all that %s says', (step, command) => {
    const [envelope, ...fields] = fieldsOf(`io.prorata.command.${command}`);
    expect(envelope).toMatchObject({ name: 'envelope' });
    expect(fields.length).toBeGreaterThan(0);
    expect(fieldsOf(`io.prorata.type.${step}`)).toEqual(fields);
  });
});
