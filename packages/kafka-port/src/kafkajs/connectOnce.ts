/** As kafkajs has it; its types leave a broker's connections out. */
interface Connects {
  connect: (this: Connects) => Promise<unknown>;
}

/** What kafkajs's brokers hold: a connection for fetches, and one for all else. */
export interface HoldsConnections {
  readonly connectionPool: { readonly pool: readonly Connects[] };
}

const taught = new WeakSet<Connects>();

/**
 * Requests that begin at once and find a broker's connection closed open it once. Left alone, kafkajs opens a socket
 * for each of them and forgets all but the last: the others keep the process from ending, and when the broker
 * closes them as idle, kafkajs ends the one that is in use.
 */
export function connectOnce({ connectionPool }: HoldsConnections): void {
  for (const connection of connectionPool.pool) {
    if (taught.has(connection)) continue;
    taught.add(connection);
    const { connect } = connection;
    let connecting: Promise<unknown> | undefined;
    connection.connect = function shared() {
      connecting ??= connect.call(this).finally(() => {
        connecting = undefined;
      });
      return connecting;
    };
  }
}
