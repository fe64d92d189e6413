import path from 'node:path';
import type { KafkaConnection } from '@prorata/kafka-port';
import { readLogSettings } from '@prorata/service-runtime';
import type { ExternalParts } from './externalParts.ts';
import { freePort } from './freePort.ts';
import { localUrl } from './localUrl.ts';
import { tokenIssuer } from './mintToken.ts';
import type { Principal } from './principals.ts';
import { queryUrl } from './provideQueryLogin.ts';
import { usageUrl } from './provideUsageLogin.ts';
import type { StackSecrets } from './stackSecrets.ts';
import { partNames } from './stackParts.ts';
import type { PartName, Ports, ServiceName } from './stackParts.ts';

/** A stack as it is meant: where everything is, whether it runs or not. */
export interface StackPlan {
  readonly directory: string;
  readonly ports: Ports;
  readonly external: ExternalParts;
  readonly namespace: string;
  readonly secrets: StackSecrets;
}

/** The addresses of a stack, as `status --json` prints them. */
export interface StackAddresses {
  readonly gateway: string;
  readonly registry: string;
  readonly kafka: string;
  readonly postgres: string;
  readonly usage: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Every part's port: the preferred one where it is free, each only once. */
export async function choosePorts(preferred: Partial<Ports> = {}): Promise<Ports> {
  const chosen = new Map<PartName, number>();
  for (const part of partNames) {
    let port = await freePort(preferred[part]);
    while ([...chosen.values()].includes(port)) port = await freePort();
    chosen.set(part, port);
  }
  return Object.fromEntries(chosen) as Ports;
}

export function addressesOf(plan: StackPlan): StackAddresses {
  const { ports, external, secrets } = plan;
  const database = `prorata:${secrets.databasePassword}@127.0.0.1:${String(ports.postgres)}`;
  return {
    gateway: localUrl(ports.gateway),
    registry: external.registry ?? `${localUrl(ports.registry)}/apis/ccompat/v7`,
    kafka: external.kafka ?? `127.0.0.1:${String(ports.kafka)}`,
    postgres: external.postgres ?? `postgresql://${database}/prorata`,
    usage: external.usage ?? usageDirectoryOf(plan),
  };
}

/** Where the rightsizer works; its tables live there too, unless they have a place elsewhere. */
export function usageDirectoryOf({ directory }: StackPlan): string {
  return path.join(directory, 'usage');
}

function kafkaEnvironment(plan: StackPlan, principal: Principal): Environment {
  const { kafka } = addressesOf(plan);
  if (plan.external.kafka !== undefined) {
    return { KAFKA_BROKERS: kafka, ...plan.external.kafkaSettings };
  }
  return {
    KAFKA_BROKERS: kafka,
    KAFKA_TLS: 'false',
    KAFKA_TLS_CA_FILE: '',
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: principal,
    KAFKA_SASL_PASSWORD: plan.secrets.passwords[principal],
  };
}

/** What a program needs to speak to the stack as one of its principals. */
export function environmentOf(plan: StackPlan, principal: Principal): Environment {
  const { gateway, registry, postgres } = addressesOf(plan);
  const reads: readonly Principal[] = ['admin', 'projector'];
  return {
    ...kafkaEnvironment(plan, principal),
    SCHEMA_REGISTRY_URL: registry,
    PRORATA_NAMESPACE: plan.namespace,
    PRORATA_GATEWAY_URL: gateway,
    PRORATA_USAGE_DIRECTORY: usageDirectoryOf(plan),
    // Empty and not absent: a local stack must not write where the caller's shell points to.
    PRORATA_USAGE_LOCATION: plan.external.usage ?? '',
    ...plan.external.usageSettings,
    PRORATA_TOKEN_ISSUER: tokenIssuer,
    PRORATA_TOKEN_JWKS_FILE: plan.secrets.jwksFile,
    PRORATA_API_KEYS_FILE: plan.secrets.apiKeysFile,
    PRORATA_ANCHOR_PUBLIC_KEYS_FILE: plan.secrets.anchorPublicKeysFile,
    // Nobody else has business in the database.
    DATABASE_URL: reads.includes(principal) ? postgres : '',
  };
}

/** By the rightsizer's own login; empty: somebody else's Postgres, for which none was named. */
function usageDatabaseOf(plan: StackPlan): string {
  if (plan.external.postgres !== undefined) return plan.external.usageDatabase ?? '';
  return usageUrl(addressesOf(plan).postgres, plan.secrets.usagePassword);
}

/** By a login of their own; of somebody else's Postgres whoever starts the stack says which, if there is one. */
function queryDatabaseOf(plan: StackPlan): Environment {
  if (plan.external.postgres !== undefined) return {};
  const url = queryUrl(addressesOf(plan).postgres, plan.secrets.queryPassword);
  return { PRORATA_QUERY_DATABASE_URL: url };
}

export function connectionOf(plan: StackPlan, principal: Principal): KafkaConnection {
  const { kafka } = readLogSettings(environmentOf(plan, principal));
  return {
    clientId: `prorata-${principal}`,
    brokers: kafka.brokers,
    ...(kafka.tls === false ? {} : { tls: kafka.tls }),
    ...(kafka.sasl === null ? {} : { sasl: kafka.sasl }),
  };
}

/** The full environment of a service; only the gateway can sign; it, the relay and the rightsizer have tokens. */
export function serviceEnvironment(plan: StackPlan, service: ServiceName): Environment {
  const { secrets, ports } = plan;
  const own: Record<ServiceName, Environment> = {
    writer: {
      PRORATA_SIGNING_PUBLIC_KEYS_FILE: secrets.signingPublicKeysFile,
      PRORATA_ANCHOR_KEY_FILE: secrets.anchorKeyFile,
      PRORATA_ANCHOR_KEY_ID: secrets.anchorKeyId,
    },
    gateway: {
      PRORATA_SIGNING_KEY_FILE: secrets.signingKeyFile,
      PRORATA_SIGNING_KEY_ID: secrets.signingKeyId,
      PRORATA_TOKEN_FILE: secrets.gatewayTokenFile,
      PRORATA_PROJECTOR_URL: localUrl(ports.projector),
      PRORATA_RELAY_URL: localUrl(ports.relay),
      PRORATA_RIGHTSIZER_URL: localUrl(ports.rightsizer),
    },
    projector: {
      PRORATA_ANCHOR_EXPORT_DIRECTORY: path.join(plan.directory, 'anchors'),
      ...queryDatabaseOf(plan),
    },
    relay: {
      PRORATA_TOKEN_FILE: secrets.relayTokenFile,
      PRORATA_DISPATCH_DIRECTORY: path.join(plan.directory, 'targets'),
    },
    rightsizer: {
      PRORATA_TOKEN_FILE: secrets.rightsizerTokenFile,
      PRORATA_USAGE_DATABASE_URL: usageDatabaseOf(plan),
    },
  };
  return {
    ...environmentOf(plan, service),
    PRORATA_HTTP_HOST: '127.0.0.1',
    PRORATA_HTTP_PORT: String(ports[service]),
    ...own[service],
  };
}
