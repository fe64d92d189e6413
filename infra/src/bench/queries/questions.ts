import {
  applicationName,
  CELLS,
  leafName,
  middleName,
  OWNERS,
  PEOPLE,
  SHAPE,
  topName,
} from './fillTables.ts';

/** One question of the interface, asked of something else each time. */
export interface Question {
  readonly name: string;
  /** @param any a whole number below the bound, evenly drawn */
  readonly path: (any: (bound: number) => number) => string;
}

type Any = (bound: number) => number;

/** Of the first of them: where fewer rows are filled, the others are asked for in vain. */
const INCIDENTS = 100_000;

/** @param applications that were filled */
export function questionsOver(applications: number): readonly Question[] {
  const application = (any: Any): string => applicationName(1 + any(applications));
  const middle = (any: Any): string =>
    `${application(any)}/${topName(1 + any(SHAPE.tops))}/${middleName(1 + any(SHAPE.middles))}`;
  const leaf = (any: Any): string => `${middle(any)}/${leafName(1 + any(SHAPE.leaves))}`;
  const id = encodeURIComponent;
  const person = (any: Any): string => `user:person-${any(PEOPLE)}`;
  return [
    { name: 'one quota', path: (any) => `/v1/quotas/${id(leaf(any))}` },
    { name: 'explain', path: (any) => `/v1/quotas/${id(leaf(any))}/explain` },
    { name: 'one quota asOf', path: (any) => `/v1/quotas/${id(leaf(any))}?asOf=${1 + any(5)}` },
    {
      name: 'explain asOf',
      path: (any) => `/v1/quotas/${id(leaf(any))}/explain?asOf=${1 + any(5)}`,
    },
    { name: 'a tree', path: (any) => `/v1/quotas?within=${middle(any)}` },
    { name: 'a tree asOf', path: (any) => `/v1/quotas?within=${middle(any)}&asOf=${1 + any(5)}` },
    { name: 'diff of a tree', path: (any) => `/v1/diff?within=${middle(any)}&from=1&to=5` },
    { name: 'an application', path: (any) => `/v1/quotas?application=${application(any)}` },
    { name: 'by owner', path: (any) => `/v1/quotas?owner=team-${any(OWNERS)}` },
    { name: 'by project', path: (any) => `/v1/quotas?project=acme/p${any(OWNERS)}` },
    { name: 'by label', path: (any) => `/v1/quotas?label=cell:c${any(CELLS)}` },
    { name: 'by resource', path: () => '/v1/quotas?resource=slots' },
    { name: 'search by name', path: (any) => `/v1/quotas?search=l${any(2)}` },
    { name: 'search by id', path: (any) => `/v1/quotas?search=${application(any)}/t0` },
    { name: 'overridden', path: () => '/v1/quotas?state=overridden' },
    { name: 'expiring', path: () => '/v1/quotas?state=expiring&sort=overrideUntil' },
    { name: 'cut', path: () => '/v1/quotas?state=cut' },
    { name: 'oversubscribed', path: () => '/v1/quotas?state=oversubscribed' },
    { name: 'what a team has', path: (any) => `/v1/holdings?owner=team-${any(OWNERS)}` },
    {
      name: 'committed in an application',
      path: (any) => `/v1/commitments?application=${application(any)}`,
    },
    { name: 'committed across all', path: () => '/v1/commitments?level=application' },
    { name: 'audit, the latest', path: () => '/v1/audit?order=desc' },
    { name: 'audit of a quota', path: (any) => `/v1/audit?quotaId=${middle(any)}` },
    {
      name: 'audit of a stream',
      path: (any) => `/v1/audit?stream=application:${application(any)}&order=desc`,
    },
    { name: 'audit of a person', path: (any) => `/v1/audit?actor=${person(any)}&order=desc` },
    { name: 'audit below a quota', path: (any) => `/v1/audit?within=${middle(any)}&order=desc` },
    { name: 'audit by type', path: () => '/v1/audit?type=QuotaDeleted&order=desc' },
    { name: 'audit by code', path: () => '/v1/audit?code=QUOTA_UNKNOWN&order=desc' },
    {
      name: 'audit, a word of half of it',
      path: () => '/v1/audit?words=file&order=desc',
    },
    {
      name: 'audit, a word of a hundredth',
      path: () => '/v1/audit?words=quarter&order=desc',
    },
    {
      name: 'audit, the words of an incident',
      path: (any) => `/v1/audit?words=INC-${any(INCIDENTS)}&order=desc`,
    },
  ];
}
