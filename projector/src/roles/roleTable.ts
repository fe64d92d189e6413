/** What each role of the database may do to what stands there: the grants, and the reference, come from here. */

export const databaseRoles = ['prorata_projector', 'prorata_reader', 'prorata_auditor'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/** What stands in the database, by who may touch it. */
export type RelationKind = 'copies' | 'control' | 'views';

export type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

interface RoleRow {
  /** Who runs under it. */
  readonly about: string;
  readonly may: Readonly<Record<RelationKind, readonly Privilege[]>>;
}

export const relationKinds: Readonly<Record<RelationKind, string>> = {
  copies: 'the tables of every copy of a projection (`quotas_3.…`, `audit_1.…`)',
  control: 'the tables of copies and of grants (`projector.…`)',
  views: 'the views (`prorata.…`)',
};

export const roleTable: Readonly<Record<DatabaseRole, RoleRow>> = {
  prorata_projector: {
    about:
      'the projections, when they write rows; it makes no table but temporary ones and, by a function, a month of the audit log',
    may: { copies: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'], control: [], views: [] },
  },
  prorata_reader: {
    about: 'the HTTP queries, in read-only transactions with a time limit',
    may: { copies: ['SELECT'], control: [], views: [] },
  },
  prorata_auditor: {
    about:
      "auditors' logins, which are members of it; each sees the rows of the streams granted to it",
    may: { copies: [], control: [], views: ['SELECT'] },
  },
};
