import { registrationOf } from '../commands/benchWorkload.ts';
import type { BenchCommand } from '../commands/benchWorkload.ts';

/** Three quotas, one below the other, of the real writer and projector: the million are their likes. */
export const TEMPLATE = { application: 'bench-0', top: 'tt', middle: 'mm', leaf: 'll' } as const;

const { application, top, middle, leaf } = TEMPLATE;
const stream = `application:${application}`;
const reason = 'bench: setting the stage';
/** How long the leaf is under an override: longer than any run, within what a command may ask for. */
const OVERRIDE_MS = 300 * 86_400_000;

function created(quotaId: string, max: number): BenchCommand {
  return {
    type: 'CreateQuota',
    stream,
    reason,
    data: {
      quotaId,
      content: {
        owner: 'group:bench',
        project: quotaId === `${application}/${top}` ? 'acme/bench' : null,
        tier: 2,
        cutPriority: 0,
        labels: { env: 'prod' },
        attributes: { region: 'eu' },
        limits: [{ resource: 'slots', capacity: { guaranteed: 1, max } }],
        match: [{ attribute: 'caller', operator: 'in', values: ['a', 'b'] }],
        action: 'refuse',
        rightsizing: [{ resource: 'slots', min: 1, max: 100_000 }],
      },
    },
  };
}

/** In their order. */
export const templateCommands = (): readonly BenchCommand[] => [
  registrationOf(0),
  created(`${application}/${top}`, 20_000),
  created(`${application}/${top}/${middle}`, 2_000),
  created(`${application}/${top}/${middle}/${leaf}`, 100),
  {
    type: 'OverrideQuota',
    stream,
    reason,
    data: {
      quotaId: `${application}/${top}/${middle}/${leaf}`,
      limits: [{ resource: 'slots', capacity: { guaranteed: 0, max: 50 } }],
      until: new Date(Date.now() + OVERRIDE_MS).toISOString(),
    },
  },
];

/** Versions of the stream that these commands make. */
export const TEMPLATE_VERSIONS = 5;
