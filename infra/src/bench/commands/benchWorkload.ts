/** What every side is asked to do: the same requests, byte for byte. */

/** Streams that the changes spread over: several a partition, as in a cell with many applications. */
export const APPLICATIONS = 16;
const TEAMS = 5;
const QUOTAS_PER_TEAM = 25;
/** Quotas in all. A caller walks through a share of its own, so that no two meet in one quota. */
export const QUOTAS = APPLICATIONS * TEAMS * QUOTAS_PER_TEAM;
/** Owners and people work on the first half; a robot on the second, whose guarantees nobody else changes. */
export const HALF_OF_QUOTAS = QUOTAS / 2;
/** Quotas of a team change between 1 and this many slots, far within what the team has. */
const SLOTS_MAX = 50;

export interface BenchCommand {
  readonly type: string;
  readonly stream: string;
  readonly reason: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const applicationOf = (index: number): string => `bench-${index}`;
const streamOf = (index: number): string => `application:${applicationOf(index)}`;

function slots(guaranteed: number, max: number): Record<string, unknown> {
  return { resource: 'slots', capacity: { guaranteed, max } };
}

function createQuota(
  application: number,
  quotaId: string,
  limit: Record<string, unknown>,
): BenchCommand {
  const content = {
    owner: 'group:bench',
    project: null,
    tier: 2,
    cutPriority: 0,
    labels: {},
    attributes: {},
    limits: [limit],
    match: [],
    action: 'refuse',
    rightsizing: [{ resource: 'slots', min: 1, max: 100_000 }],
  };
  return {
    type: 'CreateQuota',
    stream: streamOf(application),
    reason: 'bench: setting the stage',
    data: { quotaId, content },
  };
}

/** @param validators remote ones, as a registration names them */
export function registrationOf(
  application: number,
  validators: readonly object[] = [],
): BenchCommand {
  return {
    type: 'RegisterApplication',
    stream: streamOf(application),
    reason: 'bench: setting the stage',
    data: {
      displayName: 'Bench',
      levels: ['team', 'queue'],
      resources: [{ name: 'slots', kind: 'capacity', unit: 'slot' }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 3_600_000_000,
      validators,
    },
  };
}

/** Commands that set the stage, in rounds: each round needs the one before. */
export function stageRounds(): readonly (readonly BenchCommand[])[] {
  const applications = Array.from({ length: APPLICATIONS }, (_, index) => index);
  const teams = applications.flatMap((application) =>
    Array.from({ length: TEAMS }, (_, team) => ({ application, team })),
  );
  return [
    applications.map((application) => registrationOf(application)),
    teams.map(({ application, team }) => {
      const quotaId = `${applicationOf(application)}/team-${team}`;
      return createQuota(application, quotaId, slots(10_000, 20_000));
    }),
    Array.from({ length: QUOTAS }, (_, quota) =>
      createQuota(quota % APPLICATIONS, quotaIdOf(quota), slots(1, 100)),
    ),
  ];
}

function quotaIdOf(quota: number): string {
  const inApplication = Math.floor(quota / APPLICATIONS);
  return `${applicationOf(quota % APPLICATIONS)}/team-${inApplication % TEAMS}/queue-${inApplication}`;
}

/** The `turn`-th change of a quota: each differs from the one before, and from what is there. */
export function changeOf(quota: number, turn: number): BenchCommand {
  return {
    type: 'ChangeQuota',
    stream: streamOf(quota % APPLICATIONS),
    reason: 'bench',
    data: {
      quotaId: quotaIdOf(quota),
      setLimits: [slots(2 + (turn % (SLOTS_MAX - 1)), 100)],
    },
  };
}

/** What a robot asks for in each turn: another maximum, inside the bounds that the owner set. */
export function resizeOf(quota: number, turn: number): BenchCommand {
  return {
    type: 'ResizeQuota',
    stream: streamOf(quota % APPLICATIONS),
    reason: 'bench',
    data: {
      quotaId: quotaIdOf(quota),
      limit: slots(1, 100 + (turn % SLOTS_MAX)),
      evidence: {
        policy: 'bench',
        source: 'bench',
        windowStart: '2026-01-01T00:00:00Z',
        windowEnd: '2026-01-01T00:15:00Z',
        figures: { peak: '90' },
        inputsHash: '00'.repeat(32),
      },
    },
  };
}

/** What a person does who fights a fire. @param until RFC 3339 */
export function overrideOf(quota: number, turn: number, until: string): BenchCommand {
  return {
    type: 'OverrideQuota',
    stream: streamOf(quota % APPLICATIONS),
    reason: 'bench',
    data: { quotaId: quotaIdOf(quota), limits: [slots(1, 100 + (turn % SLOTS_MAX))], until },
  };
}
