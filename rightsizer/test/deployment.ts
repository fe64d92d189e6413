import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, Publisher } from '@prorata/kafka-port';
import { Codec, registryIds, topicManifest } from '@prorata/schemas';
import type { UsageRecorded } from '@prorata/schemas';
import { readSettings } from '@prorata/service-runtime';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { startRightsizer } from '../src/service/startRightsizer.ts';
import type { RunningRightsizer } from '../src/service/startRightsizer.ts';
import { partNames } from '../src/service/readParts.ts';
import type { PartName } from '../src/service/readParts.ts';
import { FakeGateway } from './fakeGateway.ts';
import { TestWriter } from './testWriter.ts';
import { usageOut, usageRecord } from './usageRecords.ts';

const issuer = 'https://issuer.test';
/** A gateway that does not answer is tried again sooner than elsewhere, milliseconds. */
const COMMAND_TIMEOUT_MS = 2_000;

/** Everything around the service, real but for the gateway, in a namespace of its own. */
export interface Deployment {
  readonly writer: TestWriter;
  readonly gateway: FakeGateway;
  readonly directory: string;
  start(policy: object, parts?: readonly PartName[]): Promise<RunningRightsizer>;
  use(...usages: readonly Partial<UsageRecorded>[]): Promise<void>;
  get(
    service: RunningRightsizer,
    route: string,
    roles?: readonly string[],
    claims?: { readonly application: string },
  ): Promise<Response>;
  close(): Promise<void>;
}

export async function deploy(): Promise<Deployment> {
  const namespace = await freshNamespace({ apply: ['quota.events', 'usage.events'] });
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-rightsizer-'));
  const port: LogPort = connectKafka(kafkaConnection());
  const codec = new Codec(registryIds(sharedStack().subjectsUrl), namespace);
  const partitions = topicManifest.partitions.local;
  const publisher: Publisher = await port.publisher();
  const writer = new TestWriter(port, codec, namespace, partitions);
  const gateway = new FakeGateway(writer);
  const gatewayUrl = await gateway.listen();
  const token = await tokenMint(directory);
  const tokenFile = path.join(directory, 'robot.token');
  await writeFile(tokenFile, `${token(['robot'])}\n`);
  const services: RunningRightsizer[] = [];
  return {
    writer,
    gateway,
    directory: path.join(directory, 'usage'),
    async start(policy, parts = partNames) {
      const policyFile = path.join(directory, `policy-${randomUUID()}.json`);
      await writeFile(policyFile, JSON.stringify(policy));
      const { brokers, sasl } = kafkaConnection('rightsizer');
      const settings = readSettings({
        KAFKA_BROKERS: brokers.join(','),
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: sasl?.username,
        KAFKA_SASL_PASSWORD: sasl?.password,
        SCHEMA_REGISTRY_URL: sharedStack().subjectsUrl,
        PRORATA_NAMESPACE: namespace,
        PRORATA_GATEWAY_URL: gatewayUrl,
        PRORATA_USAGE_DIRECTORY: path.join(directory, 'usage'),
        PRORATA_POLICY_FILE: policyFile,
        PRORATA_TOKEN_ISSUER: issuer,
        PRORATA_TOKEN_JWKS_FILE: path.join(directory, 'jwks.json'),
        PRORATA_TOKEN_FILE: tokenFile,
        PRORATA_LOG_LEVEL: 'silent',
      });
      const service = await startRightsizer(new Set(parts), settings, COMMAND_TIMEOUT_MS);
      service.finished.catch(() => undefined);
      services.push(service);
      return service;
    },
    async use(...usages) {
      const place = { codec, namespace, partitions };
      const records = usages.map((usage) => usageOut(place, usageRecord(usage)));
      await publisher.publish(await Promise.all(records));
    },
    get: (service, route, roles = ['operator'], claims) =>
      fetch(`${service.url}${route}`, {
        // A connection that stays open would hold up the end of the service for a second.
        headers: { authorization: `Bearer ${token(roles, claims)}`, connection: 'close' },
      }),
    async close() {
      await Promise.allSettled(services.map((service) => service.stop()));
      await gateway.close();
      await port.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type Mint = (roles: readonly string[], more?: object) => string;

async function tokenMint(directory: string): Promise<Mint> {
  const keys = generateKeyPairSync('ed25519');
  const jwk = { ...keys.publicKey.export({ format: 'jwk' }), kid: 'issuer-1', alg: 'EdDSA' };
  await writeFile(path.join(directory, 'jwks.json'), JSON.stringify({ keys: [jwk] }));
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return (roles, more = {}) => {
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    const claims = {
      iss: issuer,
      aud: 'prorata',
      exp,
      sub: 'tester',
      kind: roles.includes('robot') ? 'robot' : 'user',
      roles,
      ...more,
    };
    const signed = `${encode({ alg: 'EdDSA', kid: 'issuer-1' })}.${encode(claims)}`;
    return `${signed}.${sign(null, Buffer.from(signed), keys.privateKey).toString('base64url')}`;
  };
}

/** Waits for what a real log, real files and real clocks bring about. */
export async function eventually<T>(
  what: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await what();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`It did not come about: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
