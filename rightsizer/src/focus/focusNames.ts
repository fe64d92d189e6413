/** What a line of the ledger does not say of what it names: as it is called now. */
export interface FocusNames {
  /** Who runs Prorata and charges for it: provider, publisher and issuer of invoices. */
  readonly provider: string;
  /** null: it has none. */
  organizationName(organization: string): string | null;
  projectName(project: string): string | null;
  /** The base unit of a resource as its application declares it, singular; null: it is declared no more. */
  unitOf(application: string, resource: string): DeclaredUnit | null;
  /** Labels of a quota; null: it is there no more. */
  labelsOf(quotaId: string): Readonly<Record<string, string>> | null;
}

export interface DeclaredUnit {
  readonly unit: string;
  /** Of capacity and concurrency, which are charged by the second that they are held. */
  readonly isHeld: boolean;
}

export const presetProvider = 'Prorata';
