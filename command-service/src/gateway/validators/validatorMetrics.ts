import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { AskedValidator, ValidatorDesk } from './validatorDesk.ts';

/** Seconds: from a neighbour's answer to the longest deadline. */
const BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30];

/** How often validators were asked and what they said, how long it took, and which are not asked for now. */
export function validatorMetrics(
  registry: Registry,
  desk: Pick<ValidatorDesk, 'openLines'>,
): (asked: AskedValidator) => void {
  const labelNames = ['application', 'validator'] as const;
  const answers = new Counter({
    name: 'prorata_gateway_validator_answers_total',
    help: 'Questions to remote validators by what became of them.',
    labelNames: [...labelNames, 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'prorata_gateway_validator_seconds',
    help: 'How long remote validators took, retries and waiting for a turn included.',
    labelNames,
    buckets: BUCKETS,
    registers: [registry],
  });
  new Gauge({
    name: 'prorata_gateway_validator_open',
    help: '1 while a validator is not asked, because it failed too often.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const line of desk.openLines()) {
        const [application = '', validator = ''] = line.split(' ');
        this.set({ application, validator }, 1);
      }
    },
  });
  return ({ application, validator, status, seconds: took }) => {
    answers.inc({ application, validator, status });
    seconds.observe({ application, validator }, took);
  };
}
