import { describe, expect, it } from 'vitest';
import { usualPorts } from './stackParts.ts';
import { externalParts } from './externalParts.ts';
import { addressesOf, serviceEnvironment } from './stackPlan.ts';
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

describe("usage's place", () => {
  it('is a folder of the stack, whatever the shell says', () => {
    expect(addressesOf(plan).usage).toBe('/stack/usage');
    expect(serviceEnvironment(plan, 'rightsizer')).toMatchObject({
      PRORATA_USAGE_DIRECTORY: '/stack/usage',
      PRORATA_USAGE_LOCATION: '',
    });
  });

  it('is the prefix of a bucket that somebody names, beside a folder to work in', () => {
    const external = externalParts({
      PRORATA_USAGE_LOCATION: 's3://bucket/usage',
      PRORATA_USAGE_S3_ENDPOINT: 'https://s3.example',
      AWS_SECRET_ACCESS_KEY: 'hunter2',
    });
    expect(addressesOf({ ...plan, external }).usage).toBe('s3://bucket/usage');
    expect(serviceEnvironment({ ...plan, external }, 'rightsizer')).toMatchObject({
      PRORATA_USAGE_DIRECTORY: '/stack/usage',
      PRORATA_USAGE_LOCATION: 's3://bucket/usage',
      PRORATA_USAGE_S3_ENDPOINT: 'https://s3.example',
    });
    // It is written to a file.
    expect(JSON.stringify(external)).not.toContain('hunter2');
  });
});
