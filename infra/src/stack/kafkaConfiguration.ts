import { principals } from './principals.ts';
import type { Passwords } from './principals.ts';

export interface KafkaConfigurationInput {
  readonly dataDirectory: string;
  readonly port: number;
  /** Which node of a quorum this is, from 1 on, and where each node's controller listens. */
  readonly nodeId: number;
  readonly controllerPorts: readonly number[];
  readonly passwords: Passwords;
}

/** Replicas of a cluster: three bear the loss of one, and more would only cost. */
const REPLICAS_MAX = 3;

const loginModule = 'org.apache.kafka.common.security.plain.PlainLoginModule';

/**
 * One node, broker and controller, on loopback, alone or one of several. Every listener asks who is there, the controller's
 * too: with the authorizer on, an anonymous controller listener would need a super user ANONYMOUS.
 * The registry is a super user as it makes its own topics before any rule could be applied.
 */
export function kafkaConfiguration(input: KafkaConfigurationInput): string {
  const { port, nodeId, controllerPorts, passwords } = input;
  const ownControllerPort = String(controllerPorts[nodeId - 1]);
  const voters = controllerPorts.map((each, index) => `${index + 1}@127.0.0.1:${each}`);
  const replicas = Math.min(controllerPorts.length, REPLICAS_MAX);
  const insyncMin = Math.min(replicas, 2);
  const users = principals.map((name) => `user_${name}="${passwords[name]}"`).join(' ');
  const jaas = `${loginModule} required username="admin" password="${passwords.admin}" ${users};`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': voters.join(','),
    listeners: `CLIENT://127.0.0.1:${String(port)},CONTROLLER://127.0.0.1:${ownControllerPort}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${String(port)}`,
    'listener.security.protocol.map': 'CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT',
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'listener.name.client.plain.sasl.jaas.config': jaas,
    'listener.name.controller.plain.sasl.jaas.config': jaas,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:admin;User:registry',
    'allow.everyone.if.no.acl.found': false,
    'log.dirs': input.dataDirectory,
    // The manifest makes the topics; a typo must not make one.
    'auto.create.topics.enable': false,
    'num.partitions': 1,
    'default.replication.factor': replicas,
    'min.insync.replicas': insyncMin,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': insyncMin,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': insyncMin,
    // 50 by default, each with files to open at every start; a few spread one machine's groups as well.
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.num.partitions': 4,
    // A first member need not wait for others: a stack on one machine has few.
    'group.initial.rebalance.delay.ms': 0,
    // Members that were killed are to be noticed in seconds in the demo and the tests.
    'group.min.session.timeout.ms': 1_000,
    // 10 MB of preallocated index per partition by default; sparse files, yet slow to recover.
    'log.index.size.max.bytes': 1_048_576,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 2,
    // After a crash the controller waits this long for the broker that it believes alive; 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'controlled.shutdown.enable': false,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${String(value)}`);
  return lines.join('\n') + '\n';
}
