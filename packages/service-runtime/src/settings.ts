import { EnvironmentReader } from './environment.ts';
import type { Environment } from './environment.ts';
import { parseIssuers } from './access/oidcIssuer.ts';
import type { TokenSettings } from './access/tokenVerifier.ts';
import { isLoopbackHost } from './loopback.ts';

export interface SaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What a program needs that only reads and writes the log. */
export interface LogSettings {
  readonly kafka: {
    readonly brokers: readonly string[];
    /** `ca` is PEM text; true trusts the system's authorities. */
    readonly tls: boolean | { readonly ca: string };
    readonly sasl: SaslSettings | null;
  };
  readonly registryUrl: string;
  /** Prefixes topics, subjects, groups and writer identities in a shared cluster; empty: none. */
  readonly namespace: string;
}

/** Where the usage tables live. Credentials of S3 come by the AWS SDK's own chain, never by these. */
export interface UsageStorageSettings {
  /** A folder, or `s3://bucket/prefix`; null: the work folder. */
  readonly location: string | null;
  readonly s3: {
    /** null: Amazon's. */
    readonly endpoint: string | null;
    /** null: what the AWS settings say. */
    readonly region: string | null;
    /** `endpoint/bucket` instead of `bucket.endpoint`; null: with an endpoint of one's own. */
    readonly pathStyle: boolean | null;
  };
  /** Of the local copies of what is read from S3; null: the preset. */
  readonly cacheMb: number | null;
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Settings extends LogSettings {
  readonly databaseUrl: string | null;
  /** The same database by a login that may read alone; null: queries take on a role of the other's. */
  readonly queryDatabaseUrl?: string | null;
  readonly http: { readonly host: string; readonly port: number };
  readonly logLevel: LogLevel;
  readonly urls: {
    readonly projector: string | null;
    readonly relay: string | null;
    readonly rightsizer: string | null;
    readonly gateway: string | null;
  };
  /** The service's work folder, and where the usage tables live unless `usageStorage` says otherwise. */
  readonly usageDirectory: string | null;
  readonly usageStorage?: UsageStorageSettings;
  /** Where the rightsizer keeps what quotas have used, for questions; null: nowhere. */
  readonly usageDatabaseUrl?: string | null;
  readonly policyFile: string | null;
  readonly tokens: TokenSettings['tokens'];
  /** Hashes of API keys; null: none are taken. */
  readonly apiKeysFile?: string | null;
  /** A file with the service's own bearer token. */
  readonly tokenFile: string | null;
  /** Events of a partition between two of the writer's snapshots; null: its own preset. */
  readonly snapshotEvents?: number | null;
  /** Whom the gateway may ask about a command, and how it proves who asks. */
  readonly validators: {
    /** `host` or `host:port`. */
    readonly hosts: readonly string[];
    /** A folder for each application, with a file for each secret that its registration names. */
    readonly secretsDirectory: string | null;
  };
  /** What dispatchers may reach; the relay's, and the gateway's to refuse others at registration. */
  readonly dispatch?: {
    /** `host` or `host:port`. */
    readonly hosts: readonly string[];
    /** With a folder for each application, below which its files are written; null: none are. */
    readonly directory: string | null;
    /** A folder of modules (`*.js`, `*.mjs`, `*.ts`) with formats of the operator's own; null: there are none. */
    readonly formatsDirectory: string | null;
  };
  /** Quotas that a partition may hold before commands that make more are refused; null: the writer's own preset. */
  readonly partitionQuotasMax?: number | null;
  /** How the writer signs its anchors. */
  readonly anchors?: {
    /** Ed25519, PKCS8 PEM; null: nothing is anchored. */
    readonly keyFile: string | null;
    readonly keyId: string | null;
    /** Between two anchors of a partition; null: the writer's own preset. */
    readonly seconds: number | null;
  };
  /** Where anchors go outside the log. */
  readonly anchorExport?: {
    /** null: they are not exported. */
    readonly directory: string | null;
    readonly webhookUrl: string | null;
    /** With the bearer token for it; null: none is sent. */
    readonly webhookTokenFile: string | null;
  };
  readonly signing: {
    /** Ed25519, PKCS8 PEM. */
    readonly keyFile: string | null;
    readonly keyId: string | null;
    /** JSON `{ "<key id>": "<SPKI PEM>" }`. */
    readonly publicKeysFile: string | null;
  };
}

/** Bound to this machine until an operator says otherwise: no open door by default. */
const HTTP_HOST_PRESET = '127.0.0.1';
const NAMESPACE = /^[a-z0-9][a-z0-9-]{0,31}$/;
const HTTP = ['http:', 'https:'];
const POSTGRES = ['postgres:', 'postgresql:'];

/** @throws SettingsError with every missing or wrong variable at once. */
export function readSettings(environment: Environment = process.env): Settings {
  const reader = new EnvironmentReader(environment);
  const settings: Settings = {
    ...logSettings(reader),
    databaseUrl: reader.url('DATABASE_URL', POSTGRES),
    queryDatabaseUrl: reader.url('PRORATA_QUERY_DATABASE_URL', POSTGRES),
    http: {
      host: reader.optional('PRORATA_HTTP_HOST') ?? HTTP_HOST_PRESET,
      port: reader.port('PRORATA_HTTP_PORT', 0),
    },
    logLevel: reader.oneOf('PRORATA_LOG_LEVEL', logLevels, 'info'),
    urls: {
      projector: reader.url('PRORATA_PROJECTOR_URL', HTTP),
      relay: reader.url('PRORATA_RELAY_URL', HTTP),
      rightsizer: reader.url('PRORATA_RIGHTSIZER_URL', HTTP),
      gateway: reader.url('PRORATA_GATEWAY_URL', HTTP),
    },
    usageDirectory: reader.optional('PRORATA_USAGE_DIRECTORY'),
    usageStorage: usageStorageSettings(reader),
    usageDatabaseUrl: reader.url('PRORATA_USAGE_DATABASE_URL', ['postgres:', 'postgresql:']),
    policyFile: reader.optional('PRORATA_POLICY_FILE'),
    tokens: tokenSettings(reader),
    apiKeysFile: reader.optional('PRORATA_API_KEYS_FILE'),
    tokenFile: reader.optional('PRORATA_TOKEN_FILE'),
    snapshotEvents: reader.wholeNumber('PRORATA_SNAPSHOT_EVENTS', 1, 10_000_000),
    validators: {
      hosts: hostList(reader, 'PRORATA_VALIDATOR_HOSTS'),
      secretsDirectory: reader.optional('PRORATA_SECRETS_DIRECTORY'),
    },
    dispatch: {
      hosts: hostList(reader, 'PRORATA_DISPATCH_HOSTS'),
      directory: reader.optional('PRORATA_DISPATCH_DIRECTORY'),
      formatsDirectory: reader.optional('PRORATA_DISPATCH_FORMATS_DIRECTORY'),
    },
    partitionQuotasMax: reader.wholeNumber('PRORATA_PARTITION_QUOTAS_MAX', 1, 100_000_000),
    anchors: {
      keyFile: reader.optional('PRORATA_ANCHOR_KEY_FILE'),
      keyId: reader.optional('PRORATA_ANCHOR_KEY_ID'),
      seconds: reader.wholeNumber('PRORATA_ANCHOR_SECONDS', 1, 86_400),
    },
    anchorExport: anchorExportSettings(reader),
    signing: {
      keyFile: reader.optional('PRORATA_SIGNING_KEY_FILE'),
      keyId: reader.optional('PRORATA_SIGNING_KEY_ID'),
      publicKeysFile: reader.optional('PRORATA_SIGNING_PUBLIC_KEYS_FILE'),
    },
  };
  reader.finish();
  return settings;
}

/** For programs without HTTP, such as the audit. @throws SettingsError */
export function readLogSettings(environment: Environment = process.env): LogSettings {
  const reader = new EnvironmentReader(environment);
  const settings = logSettings(reader);
  reader.finish();
  return settings;
}

/**
 * For a variable that one service cannot do without.
 * @throws SettingsError when the value is null
 */
export function requireSetting<T>(value: T | null, variable: string, meaning: string): T {
  if (value !== null) return value;
  const reader = new EnvironmentReader({});
  reader.report(variable, `is missing: ${meaning}`);
  reader.finish();
  throw new TypeError('unreachable: finish throws');
}

function logSettings(reader: EnvironmentReader): LogSettings {
  const brokers = reader
    .required('KAFKA_BROKERS', 'host:port, several by comma')
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  for (const broker of brokers) {
    if (!/^\S+:\d{1,5}$/.test(broker)) {
      reader.report('KAFKA_BROKERS', `must be a list of host:port, and ${broker} is none`);
    }
  }
  const namespace = reader.optional('PRORATA_NAMESPACE') ?? '';
  if (namespace !== '' && !NAMESPACE.test(namespace)) {
    reader.report('PRORATA_NAMESPACE', 'must be up to 32 of a-z, 0-9 and -');
  }
  reader.required('SCHEMA_REGISTRY_URL', 'a Confluent-compatible schema registry');
  return {
    kafka: { brokers, tls: tlsSettings(reader), sasl: saslSettings(reader) },
    registryUrl: reader.url('SCHEMA_REGISTRY_URL', HTTP) ?? '',
    namespace,
  };
}

/** What works and should not stay so: for a line at the start. */
export function warningsOf({ brokers, tls, sasl }: LogSettings['kafka']): readonly string[] {
  const remote = brokers.filter((broker) => !isLoopback(broker));
  if (tls !== false || sasl?.mechanism !== 'plain' || remote.length === 0) return [];
  const where = remote.join(', ');
  return [`KAFKA_TLS is false: the password of ${sasl.username} goes to ${where} in clear text.`];
}

function isLoopback(broker: string): boolean {
  return isLoopbackHost(broker.slice(0, broker.lastIndexOf(':')).toLowerCase());
}

const ISSUERS_FILE = 'PRORATA_OIDC_ISSUERS_FILE';

/** Real issuers, or the one of a local stack: what a laptop signs for itself must open no real door. */
function tokenSettings(reader: EnvironmentReader): TokenSettings['tokens'] {
  const text = reader.fileText(ISSUERS_FILE);
  const local = ['PRORATA_TOKEN_ISSUER', 'PRORATA_TOKEN_JWKS_FILE'];
  if (text === null && reader.optional(ISSUERS_FILE) === null) {
    const meaning = `the issuer of a local stack; real ones stand in ${ISSUERS_FILE}`;
    return {
      issuer: reader.required('PRORATA_TOKEN_ISSUER', meaning),
      jwksFile: reader.required('PRORATA_TOKEN_JWKS_FILE', 'a file with its public keys as a JWKS'),
    };
  }
  for (const variable of local) {
    if (reader.optional(variable) === null) continue;
    reader.report(variable, `is for a local stack alone: leave it out beside ${ISSUERS_FILE}`);
  }
  const parsed = text === null ? { issuers: [] } : parseIssuers(text);
  if ('issuers' in parsed) return parsed;
  for (const fault of parsed.faults) reader.report(ISSUERS_FILE, `names a file in which ${fault}`);
  return { issuers: [] };
}

function anchorExportSettings(reader: EnvironmentReader): NonNullable<Settings['anchorExport']> {
  const directory = reader.optional('PRORATA_ANCHOR_EXPORT_DIRECTORY');
  const variable = 'PRORATA_ANCHOR_WEBHOOK_URL';
  const webhookUrl = reader.url(variable, HTTP);
  if (webhookUrl !== null && URL.canParse(webhookUrl)) {
    const { protocol, hostname } = new URL(webhookUrl);
    if (protocol === 'http:' && !isLoopbackHost(hostname))
      reader.report(variable, 'must begin with https://, but for this machine itself');
    if (directory === null)
      reader.report(variable, 'needs PRORATA_ANCHOR_EXPORT_DIRECTORY, from whose files it is told');
  }
  const webhookTokenFile = reader.optional('PRORATA_ANCHOR_WEBHOOK_TOKEN_FILE');
  return { directory, webhookUrl, webhookTokenFile };
}

/** As S3 itself takes them; a prefix holds to what is the same in a path and in a URL. */
const S3_LOCATION = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9_=][A-Za-z0-9._=-]*)*$/;

function usageStorageSettings(reader: EnvironmentReader): UsageStorageSettings {
  const variable = 'PRORATA_USAGE_LOCATION';
  const location = reader.optional(variable)?.replace(/\/+$/, '') ?? null;
  if (location !== null && !location.startsWith('/') && !S3_LOCATION.test(location))
    reader.report(variable, 'must be the full path of a folder, or s3://bucket/prefix');
  const endpoint = reader.url('PRORATA_USAGE_S3_ENDPOINT', HTTP);
  if (endpoint !== null && URL.canParse(endpoint) && new URL(endpoint).username !== '')
    reader.report(
      'PRORATA_USAGE_S3_ENDPOINT',
      'must hold no credentials: they go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role',
    );
  const style = 'PRORATA_USAGE_S3_PATH_STYLE';
  const isSaid = reader.optional(style) !== null;
  const pathStyle = reader.oneOf(style, ['true', 'false'], 'true') === 'true';
  return {
    location,
    s3: {
      endpoint,
      region: reader.optional('PRORATA_USAGE_S3_REGION'),
      pathStyle: isSaid ? pathStyle : null,
    },
    cacheMb: reader.wholeNumber('PRORATA_USAGE_CACHE_MB', 64, 10_000_000),
  };
}

const HOST = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/;

function hostList(reader: EnvironmentReader, variable: string): readonly string[] {
  const hosts = (reader.optional(variable) ?? '')
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '');
  for (const host of hosts) {
    if (HOST.test(host)) continue;
    reader.report(variable, `must be a list of host or host:port, and ${host} is none`);
  }
  return hosts;
}

function tlsSettings(reader: EnvironmentReader): boolean | { readonly ca: string } {
  const wanted = reader.oneOf('KAFKA_TLS', ['true', 'false'], 'false') === 'true';
  const ca = reader.fileText('KAFKA_TLS_CA_FILE');
  return wanted && ca !== null ? { ca } : wanted;
}

function saslSettings(reader: EnvironmentReader): SaslSettings | null {
  const username = reader.optional('KAFKA_SASL_USERNAME');
  const given = reader.optional('KAFKA_SASL_MECHANISM') !== null || username !== null;
  if (!given) return null;
  return {
    mechanism: reader.oneOf(
      'KAFKA_SASL_MECHANISM',
      ['plain', 'scram-sha-256', 'scram-sha-512'],
      'plain',
    ),
    username: reader.required('KAFKA_SASL_USERNAME', 'the user of KAFKA_SASL_MECHANISM'),
    password: reader.required('KAFKA_SASL_PASSWORD', 'the password of KAFKA_SASL_USERNAME'),
  };
}
