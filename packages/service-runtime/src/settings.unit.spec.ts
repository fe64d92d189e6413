import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SettingsError } from './environment.ts';
import { readLogSettings, readSettings, requireSetting, warningsOf } from './settings.ts';

const enough = {
  KAFKA_BROKERS: 'a:9092, b:9093',
  SCHEMA_REGISTRY_URL: 'http://registry/apis/ccompat/v7/',
  PRORATA_TOKEN_ISSUER: 'https://issuer',
  PRORATA_TOKEN_JWKS_FILE: '/etc/prorata/jwks.json',
};

function problemsOf(environment: Record<string, string>): string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((each) => each.variable);
    throw error;
  }
  return [];
}

describe('the settings', () => {
  it('take presets for what is not given', () => {
    const settings = readSettings(enough);
    expect(settings.kafka).toEqual({ brokers: ['a:9092', 'b:9093'], tls: false, sasl: null });
    expect(settings.registryUrl).toBe('http://registry/apis/ccompat/v7');
    expect(settings.http).toEqual({ host: '127.0.0.1', port: 0 });
    expect(settings.databaseUrl).toBeNull();
    expect(settings.namespace).toBe('');
  });

  it('take a webhook for anchors only over TLS, and only beside a folder', () => {
    const anchors = (url: string, directory = ''): string[] =>
      problemsOf({
        ...enough,
        PRORATA_ANCHOR_WEBHOOK_URL: url,
        PRORATA_ANCHOR_EXPORT_DIRECTORY: directory,
      });
    expect(anchors('https://keeper.example', '/anchors')).toEqual([]);
    expect(anchors('http://127.0.0.1:9', '/anchors')).toEqual([]);
    expect(anchors('http://keeper.example', '/anchors')).toEqual(['PRORATA_ANCHOR_WEBHOOK_URL']);
    expect(anchors('https://keeper.example')).toEqual(['PRORATA_ANCHOR_WEBHOOK_URL']);
  });

  it('take a folder or a prefix of a bucket for usage, and no credentials with it', () => {
    const usage = (variables: Record<string, string>): string[] =>
      problemsOf({ ...enough, ...variables });
    const { usageStorage } = readSettings({
      ...enough,
      PRORATA_USAGE_LOCATION: 's3://usage-bucket/of/us/',
      PRORATA_USAGE_S3_ENDPOINT: 'https://s3.example/',
      PRORATA_USAGE_CACHE_MB: '500',
    });
    expect(usageStorage).toEqual({
      location: 's3://usage-bucket/of/us',
      s3: { endpoint: 'https://s3.example', region: null, pathStyle: null },
      cacheMb: 500,
    });
    expect(usage({ PRORATA_USAGE_LOCATION: '/data/usage' })).toEqual([]);
    const wrong = [
      'usage',
      's3://b',
      's3://bucket/../other',
      's3://key:secret@bucket',
      'gs://bucket',
    ];
    for (const location of wrong)
      expect(usage({ PRORATA_USAGE_LOCATION: location }), location).toEqual([
        'PRORATA_USAGE_LOCATION',
      ]);
    const endpoint = 'http://key:hunter2@s3.example';
    const variable = 'PRORATA_USAGE_S3_ENDPOINT';
    expect(usage({ [variable]: endpoint })).toEqual([variable]);
    expect(() => readSettings({ ...enough, [variable]: endpoint })).not.toThrow(/hunter2/);
  });

  it('name everything missing and wrong at once', () => {
    expect(
      problemsOf({
        KAFKA_BROKERS: 'nowhere',
        KAFKA_TLS: 'perhaps',
        KAFKA_TLS_CA_FILE: '/does/not/exist',
        KAFKA_SASL_MECHANISM: 'scram-sha-256',
        DATABASE_URL: 'mysql://x',
        PRORATA_QUERY_DATABASE_URL: 'mysql://x',
        PRORATA_HTTP_PORT: '70000',
        PRORATA_LOG_LEVEL: 'loud',
        PRORATA_NAMESPACE: 'Has Spaces',
      }).sort(),
    ).toEqual(
      [
        'DATABASE_URL',
        'PRORATA_QUERY_DATABASE_URL',
        'KAFKA_BROKERS',
        'KAFKA_SASL_PASSWORD',
        'KAFKA_SASL_USERNAME',
        'KAFKA_TLS',
        'KAFKA_TLS_CA_FILE',
        'PRORATA_HTTP_PORT',
        'PRORATA_LOG_LEVEL',
        'PRORATA_NAMESPACE',
        'PRORATA_TOKEN_ISSUER',
        'PRORATA_TOKEN_JWKS_FILE',
        'SCHEMA_REGISTRY_URL',
      ].sort(),
    );
  });

  it('never repeat a secret in what they say', () => {
    const environment = { ...enough, DATABASE_URL: 'mysql://u:hunter2@h/db' };
    expect(() => readSettings(environment)).toThrow(/DATABASE_URL/);
    expect(() => readSettings(environment)).not.toThrow(/hunter2/);
  });

  it.each([
    ['kafka.example:9092', 'plain', 'false', 1],
    ['127.0.0.1:9092,localhost:9093,[::1]:9094', 'plain', 'false', 0],
    ['127.0.0.1:9092,10.0.0.7:9092', 'plain', 'false', 1],
    ['127.0.0.1.example:9092', 'plain', 'false', 1],
    ['kafka.example:9092', 'plain', 'true', 0],
    ['kafka.example:9092', 'scram-sha-256', 'false', 0],
  ])('warn of a password in clear text: %s by %s, TLS %s', (brokers, mechanism, tls, count) => {
    const { kafka } = readSettings({
      ...enough,
      KAFKA_BROKERS: brokers,
      KAFKA_TLS: tls,
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: 'writer',
      KAFKA_SASL_PASSWORD: 'hunter2',
    });
    expect(warningsOf(kafka)).toHaveLength(count);
    expect(warningsOf(kafka).join()).not.toContain('hunter2');
  });

  describe('of issuers', () => {
    const { PRORATA_TOKEN_ISSUER, PRORATA_TOKEN_JWKS_FILE, ...rest } = enough;
    const local = { PRORATA_TOKEN_ISSUER, PRORATA_TOKEN_JWKS_FILE };
    let directory: string;
    const file = async (text: string): Promise<{ PRORATA_OIDC_ISSUERS_FILE: string }> => {
      directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-settings-'));
      const name = path.join(directory, 'issuers.json');
      await writeFile(name, text);
      return { PRORATA_OIDC_ISSUERS_FILE: name };
    };
    afterEach(() => rm(directory, { recursive: true }));

    it('take real ones from a file, and then no local one', async () => {
      const real = await file('[{ "issuer": "https://login.example" }]');
      expect(readSettings({ ...rest, ...real }).tokens).toMatchObject({
        issuers: [{ issuer: 'https://login.example' }],
      });
      expect(problemsOf({ ...rest, ...real, ...local })).toEqual(Object.keys(local));
    });

    it('take none when the file is none', async () => {
      const wrong = await file('[{ "issuer": "http://login.example" }]');
      expect(problemsOf({ ...rest, ...wrong })).toEqual(['PRORATA_OIDC_ISSUERS_FILE']);
      const nowhere = { PRORATA_OIDC_ISSUERS_FILE: path.join(directory, 'nowhere') };
      expect(problemsOf({ ...rest, ...nowhere })).toEqual(['PRORATA_OIDC_ISSUERS_FILE']);
    });
  });

  it('need no tokens for a program that only reads the log', () => {
    const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = enough;
    expect(readLogSettings({ KAFKA_BROKERS, SCHEMA_REGISTRY_URL }).kafka.brokers).toHaveLength(2);
  });

  it('let a service insist on what it cannot do without', () => {
    expect(() => requireSetting(null, 'DATABASE_URL', 'a Postgres')).toThrow(SettingsError);
    expect(requireSetting('x', 'DATABASE_URL', 'a Postgres')).toBe('x');
  });
});
