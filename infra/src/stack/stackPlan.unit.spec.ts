import { describe, expect, it } from 'vitest';
import { usualPorts } from './stackParts.ts';
import { serviceEnvironment } from './stackPlan.ts';
import type { StackPlan } from './stackPlan.ts';

const plan: StackPlan = {
  directory: '/stack',
  ports: usualPorts,
  external: {},
  namespace: '',
  secrets: {
    databasePassword: 'owner',
    queryPassword: 'queries',
    passwords: { projector: 'log' },
  } as StackPlan['secrets'],
};

describe("the projector's database", () => {
  it('is asked questions by a login of their own, and filled by its owner', () => {
    const environment = serviceEnvironment(plan, 'projector');
    const place = `127.0.0.1:${usualPorts.postgres}/prorata`;
    expect(environment).toMatchObject({
      DATABASE_URL: `postgresql://prorata:owner@${place}`,
      PRORATA_QUERY_DATABASE_URL: `postgresql://prorata_queries:queries@${place}`,
    });
  });

  it('that is somebody else’s has the login for questions that they name', () => {
    const external = { postgres: 'postgresql://prorata@db.example/prorata' };
    const environment = serviceEnvironment({ ...plan, external }, 'projector');
    expect(environment).not.toHaveProperty('PRORATA_QUERY_DATABASE_URL');
  });
});
