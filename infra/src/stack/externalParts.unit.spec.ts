import { describe, expect, it } from 'vitest';
import { externalParts } from './externalParts.ts';
import { usualPorts } from './stackParts.ts';
import { environmentOf } from './stackPlan.ts';
import type { StackPlan } from './stackPlan.ts';

describe('an existing Kafka', () => {
  it('is spoken to as was said when the plan was made, whatever the environment says later', () => {
    const external = externalParts({
      KAFKA_BROKERS: 'kafka.example:9094',
      KAFKA_TLS: 'true',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'prorata',
      KAFKA_SASL_PASSWORD: 'of the plan',
    });
    const secrets = { databasePassword: '', jwksFile: '' } as StackPlan['secrets'];
    // As a later command finds the plan: read from its file, in an environment without KAFKA_*.
    const saved = JSON.parse(JSON.stringify(external)) as typeof external;
    const plan = {
      directory: '/stack',
      ports: usualPorts,
      external: saved,
      namespace: '',
      secrets,
    };
    expect(environmentOf(plan, 'auditor')).toMatchObject({
      KAFKA_BROKERS: 'kafka.example:9094',
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA_FILE: '',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'prorata',
      KAFKA_SASL_PASSWORD: 'of the plan',
    });
  });
});
