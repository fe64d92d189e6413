/** Hosts of the bench, all in this process: each has a table, a source and, over HTTP, a connection of its own. */
import process from 'node:process';
import { httpRules, kafkaRules, startHost } from '@prorata/host-sdk';
import type { Host, UsageChannel } from '@prorata/host-sdk';
import { connectLog, createCodec, readLogSettings } from '@prorata/service-runtime';
import { bench, nowMs } from './hostsMessages.ts';
import type { FromHosts, HostsOrder } from './hostsMessages.ts';

/** So many begin at once: a fleet that is started together is another bench. */
const STARTING_AT_ONCE = 50;

/** Discards usage: it would take turns with what is measured. */
const nowhere: UsageChannel = {
  sendUsage: () => Promise.resolve(),
  sendReport: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** When the first and the last of the hosts decided under an amount. */
interface Enforced {
  hosts: number;
  readonly firstAtMs: number;
}

const tell = (message: FromHosts): void => void process.send?.(message);

async function run(order: HostsOrder): Promise<void> {
  const rules = sourceOf(order);
  const enforced = new Map<string, Enforced>();
  const decided = (amount: string): void => {
    const atMs = nowMs();
    const known = enforced.get(amount) ?? { hosts: 0, firstAtMs: atMs };
    known.hosts += 1;
    enforced.set(amount, known);
    if (known.hosts < order.hosts) return;
    tell({ kind: 'enforced', amount, firstAtMs: known.firstAtMs, lastAtMs: atMs });
    enforced.delete(amount);
  };
  for (let begun = 0; begun < order.hosts; begun += STARTING_AT_ONCE) {
    const count = Math.min(STARTING_AT_ONCE, order.hosts - begun);
    const hosts = Array.from({ length: count }, (_, index) =>
      startHost({
        application: bench.application,
        hostId: `bench-${begun + index}`,
        rules,
        usage: nowhere,
      }),
    );
    for (const host of await Promise.all(hosts)) observe(host, decided);
  }
  tell({ kind: 'ready' });
}

function sourceOf({ transport, url, token }: HostsOrder): ReturnType<typeof httpRules> {
  if (transport === 'http') return httpRules({ url, token });
  const settings = readLogSettings(process.env);
  const { namespace } = settings;
  return kafkaRules({
    port: connectLog(settings, 'bench'),
    codec: createCodec(settings),
    namespace,
  });
}

/** A decision is asked for as soon as the rule is there, and counts where it was made under that very rule. */
function observe(host: Host, decided: (amount: string) => void): void {
  const handle = host.bind({ quota: bench.quotaId });
  host.onApplied(({ rules }) => {
    const rule = rules.find(({ quotaId }) => quotaId === bench.quotaId);
    const amount = rule?.limits[0]?.amount;
    if (amount === undefined) return;
    handle.take(bench.resource, 1);
    if (host.last.ruleVersion === rule?.quotaVersion) decided(amount.toString());
  });
}

process.on('message', (order: HostsOrder) => {
  run(order).catch((error: unknown) => tell({ kind: 'failed', message: String(error) }));
});
// Without the bench there is nobody to stop this process.
process.on('disconnect', () => process.exit(0));
