/** Parts that somebody else runs: used, never started or stopped. */
export interface ExternalParts {
  /** Comma-separated, as in KAFKA_BROKERS. */
  readonly kafka?: string;
  /** What was said then of how to speak to it, by variable; a later command may not be told again. */
  readonly kafkaSettings?: Readonly<Record<string, string>>;
  readonly registry?: string;
  readonly postgres?: string;
  /** The rightsizer's login to it, where there is one. */
  readonly usageDatabase?: string;
  /** Where the usage tables live: a folder, or `s3://bucket/prefix`. */
  readonly usage?: string;
  /** How to speak to that storage, by variable. */
  readonly usageSettings?: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

function given(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** What says how to speak to a Kafka of somebody else's; goes to the services as it came. */
const kafkaVariables = [
  'KAFKA_TLS',
  'KAFKA_TLS_CA_FILE',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
] as const;

/** Credentials are not among them: no file of a stack keeps them, and the AWS SDK finds them anew at each start. */
const usageVariables = [
  'PRORATA_USAGE_S3_ENDPOINT',
  'PRORATA_USAGE_S3_REGION',
  'PRORATA_USAGE_S3_PATH_STYLE',
  'PRORATA_USAGE_CACHE_MB',
] as const;

function settingsOf(
  variables: readonly string[],
  environment: Environment,
): Readonly<Record<string, string>> {
  return Object.fromEntries(variables.map((name) => [name, environment[name] ?? '']));
}

export function externalParts(environment: Environment): ExternalParts {
  const kafka = given(environment['KAFKA_BROKERS']);
  const registry = given(environment['SCHEMA_REGISTRY_URL']);
  const postgres = given(environment['DATABASE_URL']);
  const usage = given(environment['PRORATA_USAGE_LOCATION']);
  const usageDatabase = given(environment['PRORATA_USAGE_DATABASE_URL']);
  return {
    ...(kafka === undefined
      ? {}
      : { kafka, kafkaSettings: settingsOf(kafkaVariables, environment) }),
    ...(registry === undefined ? {} : { registry }),
    ...(postgres === undefined ? {} : { postgres }),
    ...(postgres === undefined || usageDatabase === undefined ? {} : { usageDatabase }),
    ...(usage === undefined
      ? {}
      : { usage, usageSettings: settingsOf(usageVariables, environment) }),
  };
}
