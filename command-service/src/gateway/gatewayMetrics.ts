import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

export interface GatewayMetrics {
  /** By what became of them: accepted, refused, unknown, or not_taken. */
  readonly commands: Counter<'type' | 'result'>;
  /** By the code that the door gave; BUSY is what was shed. */
  readonly notTaken: Counter<'code'>;
  readonly outcomeSeconds: Histogram;
  /** 1 for each partition that a writer owns. */
  readonly owned: Gauge<'partition'>;
}

export function gatewayMetrics(registry: Registry, waiting: () => number): GatewayMetrics {
  const registers = [registry];
  new Gauge({
    name: 'prorata_gateway_waiting_commands',
    help: 'Commands written whose outcome is awaited.',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  return {
    commands: new Counter({
      name: 'prorata_gateway_commands_total',
      help: 'Commands by type and by what became of them.',
      labelNames: ['type', 'result'],
      registers,
    }),
    notTaken: new Counter({
      name: 'prorata_gateway_not_taken_total',
      help: 'Commands that the door did not let in, or not for sure, by code.',
      labelNames: ['code'],
      registers,
    }),
    outcomeSeconds: new Histogram({
      name: 'prorata_gateway_outcome_seconds',
      help: 'From the request until its outcome was known here.',
      buckets: [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    }),
    owned: new Gauge({
      name: 'prorata_gateway_partition_owned',
      help: 'Whether a writer owns the partition, as the log tells the gateway.',
      labelNames: ['partition'],
      registers,
    }),
  };
}
