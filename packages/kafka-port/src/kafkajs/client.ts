import net from 'node:net';
import tls from 'node:tls';
import { Kafka, logLevel } from 'kafkajs';
import { quietTimers } from './quietTimers.ts';
import type { ISocketFactory, KafkaConfig, RetryOptions, SASLOptions } from 'kafkajs';

export interface SaslCredentials {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaConnection {
  /** Names this process in the broker's logs, quotas and group members. */
  readonly clientId: string;
  readonly brokers: readonly string[];
  /** `true` trusts the system's authorities; `ca` is PEM text. */
  readonly tls?: boolean | { readonly ca: string };
  readonly sasl?: SaslCredentials;
  /** Called with every socket as it opens: a test stalls a process by holding its sockets. */
  readonly onSocket?: (socket: net.Socket) => void;
}

/**
 * kafkajs waits 300 ms before its first retry, and a transaction that follows another at once is
 * always answered CONCURRENT_TRANSACTIONS at first: with that default a writer manages 4 a second.
 * The 60 retries last about 27 seconds, which outlives a broker's restart or a leader election.
 */
export const retryQuickly = {
  initialRetryTime: 2,
  maxRetryTime: 500,
  factor: 0.2,
  multiplier: 2,
  retries: 60,
} as const satisfies RetryOptions;

/** A request without an answer for so long means a broken connection, milliseconds. */
const requestTimeoutMs = 10_000;
/** A broker that does not accept a connection for so long is passed over, milliseconds. */
const connectionTimeoutMs = 3_000;
const keepAliveMs = 60_000;

export function createClient(connection: KafkaConnection): Kafka {
  const config: KafkaConfig = {
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    retry: retryQuickly,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    connectionTimeout: connectionTimeoutMs,
    // Everything kafkajs would log as an error comes back as one from the call or event it belongs to.
    logLevel: logLevel.NOTHING,
    logCreator: () => () => undefined,
    socketFactory: openSocket(connection.onSocket),
  };
  if (connection.tls !== undefined) {
    config.ssl = typeof connection.tls === 'boolean' ? connection.tls : { ca: connection.tls.ca };
  }
  if (connection.sasl !== undefined) config.sasl = saslOptions(connection.sasl);
  quietTimers();
  silencePartitionerWarning();
  return new Kafka(config);
}

function saslOptions({ mechanism, username, password }: SaslCredentials): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism, username, password };
    case 'scram-sha-256':
      return { mechanism, username, password };
    case 'scram-sha-512':
      return { mechanism, username, password };
  }
}

/** As kafkajs's own, with Nagle's algorithm off: small requests that wait for an ACK would add 40 ms. */
function openSocket(onSocket: KafkaConnection['onSocket']): ISocketFactory {
  return ({ host, port, ssl, onConnect }) => {
    const options = { host, port };
    // kafkajs's type says that `ssl` is always there; it is not without TLS.
    const secure = ssl as tls.ConnectionOptions | undefined;
    const socket = secure
      ? tls.connect(
          { ...options, ...(net.isIP(host) ? {} : { servername: host }), ...secure },
          onConnect,
        )
      : net.connect(options, onConnect);
    socket.setKeepAlive(true, keepAliveMs);
    socket.setNoDelay(true);
    onSocket?.(socket);
    return socket;
  };
}

/** The warning speaks of a default partitioner; this adapter always passes the partition. */
function silencePartitionerWarning(): void {
  process.env['KAFKAJS_NO_PARTITIONER_WARNING'] ??= '1';
}
