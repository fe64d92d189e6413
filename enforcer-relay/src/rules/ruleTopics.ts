import { COMPLETE_KEY } from '@prorata/host-sdk';
import type { LogAdmin, LogPort, LogRecord, TopicPartition } from '@prorata/kafka-port';
import type { Codec, Message, Rule, RuleSetComplete } from '@prorata/schemas';
import {
  entryOf,
  inNamespace,
  leasesTopicOf,
  rulesTopicOf,
  UnreadableRecord,
} from '@prorata/schemas';
import type { WrittenRules } from './ruleFold.ts';

/** Let the broker choose (`default.replication.factor`): it knows how many brokers there are. */
const BROKERS_CHOICE = -1;

/** The rule topics: one a registered application, with one partition. */
export class RuleTopics {
  readonly #port: Pick<LogPort, 'log' | 'admin'>;
  readonly #codec: Codec;
  readonly #namespace: string;
  #admin: Promise<LogAdmin> | null = null;

  constructor(port: Pick<LogPort, 'log' | 'admin'>, codec: Codec, namespace: string) {
    this.#port = port;
    this.#codec = codec;
    this.#namespace = namespace;
  }

  partitionOf(application: string): TopicPartition {
    return { topic: inNamespace(rulesTopicOf(application), this.#namespace), partition: 0 };
  }

  async exists(application: string): Promise<boolean> {
    const admin = await this.#connected();
    return (await admin.describeTopics([this.partitionOf(application).topic])).length > 0;
  }

  /** Creates what is absent, of rules and of leases. How safely a record is kept follows the topic of events. */
  async create(applications: readonly string[]): Promise<void> {
    if (applications.length === 0) return;
    const admin = await this.#connected();
    const events = inNamespace('quota.events', this.#namespace);
    const [like] = await admin.describeTopics([events]);
    const inSync = like?.configuration['min.insync.replicas'];
    const names = applications.flatMap((each) => [rulesTopicOf(each), leasesTopicOf(each)]);
    await admin.createTopics(
      names.map((name) => ({
        topic: inNamespace(name, this.#namespace),
        partitions: 1,
        replication: BROKERS_CHOICE,
        configuration: {
          ...entryOf(name).configuration,
          ...(inSync === undefined ? {} : { 'min.insync.replicas': inSync }),
        },
      })),
    );
  }

  /**
   * What stands in the topic now, by quota; a record that is no rule counts as another rule than any,
   * so that it is written over.
   */
  async written(application: string): Promise<WrittenRules> {
    const partition = this.partitionOf(application);
    const rules = new Map<string, Rule>();
    let complete: RuleSetComplete | null = null;
    const from = await this.#port.log.beginningOffset(partition);
    await this.#port.log.readToEnd(partition, from, async (records) => {
      for (const record of records) {
        const quotaId = record.key?.toString() ?? '';
        if (quotaId === COMPLETE_KEY) complete = await this.#completeIn(record);
        else if (record.value === null) rules.delete(quotaId);
        else rules.set(quotaId, await this.#ruleIn(record, quotaId));
      }
    });
    return { rules, complete };
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => null);
    await admin?.close();
  }

  async #ruleIn(record: LogRecord, quotaId: string): Promise<Rule> {
    const message = await this.#messageIn(record);
    return message?.type === 'Rule' ? message.value : { ...noRule, quotaId };
  }

  async #completeIn(record: LogRecord): Promise<RuleSetComplete | null> {
    const message = record.value === null ? null : await this.#messageIn(record);
    return message?.type === 'RuleSetComplete' ? message.value : null;
  }

  async #messageIn(record: LogRecord): Promise<Message | null> {
    try {
      return await this.#codec.decode(record.value);
    } catch (error) {
      if (error instanceof UnreadableRecord) return null;
      throw error;
    }
  }

  /** A failed connection is not remembered. */
  #connected(): Promise<LogAdmin> {
    this.#admin ??= this.#port.admin().catch((error: unknown) => {
      this.#admin = null;
      throw error;
    });
    return this.#admin;
  }
}

/** Its version and its offset are those of no rule. */
const noRule: Rule = {
  application: '',
  quotaId: '',
  quotaVersion: -1n,
  eventOffset: -1n,
  decidedAt: 0n,
  limits: [],
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: 'off',
  onStale: 'hold',
  tier: 0,
  project: null,
  after: null,
  requests: null,
  candidate: null,
};
