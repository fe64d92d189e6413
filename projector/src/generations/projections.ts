import type { Table } from '../database/tables.ts';
import { auditTables, hostTables, quotaTables } from '../database/tables.ts';
import { AuditProjection } from '../projection/auditProjection.ts';
import { EventsProjection } from '../projection/eventsProjection.ts';
import { OutcomesProjection } from '../projection/outcomesProjection.ts';
import type { Projection } from '../projection/projection.ts';
import { ReportsProjection } from '../projection/reportsProjection.ts';

export interface ProjectedTopic {
  /** Without the namespace. */
  readonly topic: string;
  readonly newProjection: (topic: string, partition: number) => Projection;
}

/** Tables that are filled, rebuilt and switched together. */
export interface ProjectionDefinition {
  /** As operators name it; begins the name of each copy's schema. */
  readonly name: ProjectionName;
  /**
   * Raised with every change of the tables or of a row that the same log gives: who starts with a
   * raised version fills a copy beside the one that is read. `recordedForms.json` tells a forgotten one.
   */
  readonly version: number;
  /** The oldest version whose tables the routes of this code can answer from. */
  readonly readableFrom: number;
  readonly topics: readonly ProjectedTopic[];
  readonly tables: readonly Table[];
}

export type ProjectionName = 'quotas' | 'audit' | 'hosts';

export const projections: readonly ProjectionDefinition[] = [
  {
    name: 'quotas',
    version: 13,
    readableFrom: 13,
    topics: [
      {
        topic: 'quota.events',
        newProjection: (_topic, partition) => new EventsProjection(partition),
      },
    ],
    tables: quotaTables,
  },
  {
    name: 'audit',
    version: 9,
    readableFrom: 1,
    topics: [
      {
        topic: 'quota.events',
        newProjection: (topic, partition) => new AuditProjection(topic, partition),
      },
      {
        topic: 'quota.outcomes',
        newProjection: (topic, partition) => new OutcomesProjection(topic, partition),
      },
    ],
    tables: auditTables,
  },
  {
    name: 'hosts',
    version: 2,
    readableFrom: 2,
    topics: [{ topic: 'host.reports', newProjection: () => new ReportsProjection() }],
    tables: hostTables,
  },
];

export function projectionNamed(name: string): ProjectionDefinition | undefined {
  return projections.find((each) => each.name === name);
}
