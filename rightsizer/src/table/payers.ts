import { sqlText } from './usageDatabase.ts';

/** Whose usage: an organization's, one project's, or what nobody pays for; `everybody`: all of these. */
export type Payers =
  | { readonly kind: 'everybody' }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'organization'; readonly organization: string }
  | { readonly kind: 'projects'; readonly projects: readonly string[] };

/** SQL: whether the column `project` names one of them. */
export function paidBySql(payers: Payers): string {
  switch (payers.kind) {
    case 'everybody':
      return 'true';
    case 'nobody':
      return 'project IS NULL';
    case 'organization':
      return `starts_with(project, ${sqlText(`${payers.organization}/`)})`;
    case 'projects':
      return payers.projects.length === 0
        ? 'false'
        : `project IN (${payers.projects.map(sqlText).join(', ')})`;
  }
}

/** The same of one project; null: nobody pays. */
export function isPaidBy(payers: Payers, project: string | null): boolean {
  switch (payers.kind) {
    case 'everybody':
      return true;
    case 'nobody':
      return project === null;
    case 'organization':
      return project?.startsWith(`${payers.organization}/`) === true;
    case 'projects':
      return project !== null && payers.projects.includes(project);
  }
}
