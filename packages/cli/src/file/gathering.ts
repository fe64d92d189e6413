import type { CommandMessage, JsonViolation } from '@prorata/schemas';
import { isJson } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type {
  Declaration,
  Declared,
  DeclaredApplication,
  DeclaredOrganization,
} from './declaration.ts';
import { FileFaults } from './fileFaults.ts';
import { normalContent, normalFields } from './normalForm.ts';
import type { Normal } from './normalForm.ts';
import { placeText } from './place.ts';
import type { FileFault } from './place.ts';
import type { ReadDocument } from './readDocuments.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Growing<T> = {
  [K in keyof Mutable<T>]: T[K] extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Value>
    : T[K];
};

/** What the API says when a field is left out of a quota's content that it requires. */
const CONTENT_DEFAULTS = {
  cutPriority: 0,
  labels: {},
  attributes: {},
  limits: [],
  match: [],
  action: 'refuse',
  rightsizing: [],
} as const;

const recordAt = (value: unknown, name: string): Json => {
  const found = isJson(value) ? value[name] : undefined;
  return isJson(found) ? found : {};
};

/** Documents that say parts of one declaration. Nothing may be said twice. */
export class Gathering {
  readonly #priceBooks = new Map<string, Declared<Json>>();
  readonly #tierPolicies = new Map<string, Declared<Json>>();
  readonly #organizations = new Map<string, Growing<DeclaredOrganization>>();
  readonly #applications = new Map<string, Growing<DeclaredApplication>>();
  readonly #faults: FileFault[] = [];

  /** @param document of the shape that the schema asks for */
  add(document: ReadDocument): void {
    this.#addEach(document, 'priceBooks', 'DefinePriceBook', this.#priceBooks);
    this.#addEach(document, 'tierPolicies', 'PublishTierPolicy', this.#tierPolicies);
    for (const [id, body] of Object.entries(recordAt(document.value, 'organizations'))) {
      this.#addOrganization(document, id, body as Json);
    }
    for (const [id, body] of Object.entries(recordAt(document.value, 'applications'))) {
      this.#addApplication(document, id, body as Json);
    }
  }

  /** @throws FileFaults */
  finish(): Declaration {
    if (this.#faults.length > 0) throw new FileFaults(this.#faults);
    return {
      priceBooks: this.#priceBooks,
      tierPolicies: this.#tierPolicies,
      organizations: [...this.#organizations.values()],
      applications: [...this.#applications.values()],
    };
  }

  /** What stands by itself, by id: a stream of its own. */
  #addEach(
    document: ReadDocument,
    member: string,
    type: CommandMessage['type'],
    into: Map<string, Declared<Json>>,
  ): void {
    for (const [id, body] of Object.entries(recordAt(document.value, member))) {
      const normal = normalFields(type, body as Json);
      this.#put(into, id, this.#declared(document, [member, id], normal));
    }
  }

  #addOrganization(document: ReadDocument, id: string, body: Json): void {
    const at = ['organizations', id];
    const organization = this.#organizationOf(id);
    if (body['displayName'] !== undefined) {
      const fields = { displayName: body['displayName'] };
      const registration = this.#declared(
        document,
        at,
        normalFields('RegisterOrganization', fields),
      );
      organization.registration = this.#once(organization.registration, registration, id);
    }
    if (body['managed'] === true) organization.isManaged = true;
    for (const [teamId, team] of Object.entries(recordAt(body, 'teams'))) {
      const normal = normalFields('DefineTeam', { ...(team as Json), teamId });
      this.#put(
        organization.teams,
        teamId,
        this.#declared(document, [...at, 'teams', teamId], normal),
      );
    }
    for (const [name, project] of Object.entries(recordAt(body, 'projects'))) {
      const normal = normalFields('DefineProject', {
        ...(project as Json),
        project: `${id}/${name}`,
      });
      const declared = this.#declared(document, [...at, 'projects', name], normal);
      this.#put(organization.projects, `${id}/${name}`, declared);
    }
    for (const [budgetId, budget] of Object.entries(recordAt(body, 'budgets'))) {
      const normal = normalFields('DefineBudget', { ...(budget as Json), budgetId });
      const declared = this.#declared(document, [...at, 'budgets', budgetId], normal);
      this.#put(organization.budgets, budgetId, declared);
    }
  }

  #addApplication(document: ReadDocument, id: string, body: Json): void {
    const at = ['applications', id];
    const application = this.#applicationOf(id);
    const { registration, managed, entitlements = [], quotas } = body;
    if (isJson(registration)) {
      const normal = normalFields('RegisterApplication', registration);
      const declared = this.#declared(document, [...at, 'registration'], normal);
      application.registration = this.#once(application.registration, declared, id);
    }
    if (managed === true) application.managed = [id];
    if (Array.isArray(managed)) {
      const ids = (managed as readonly string[]).map((path) => `${id}/${path}`);
      application.managed = [...application.managed, ...ids];
    }
    for (const [index, entitlement] of (entitlements as readonly Json[]).entries()) {
      this.#addEntitlement(document, [...at, 'entitlements', `${index}`], application, entitlement);
    }
    if (isJson(quotas))
      this.#addQuotas(document, [...at, 'quotas'], application, quotas, { parent: id });
  }

  #addEntitlement(
    document: ReadDocument,
    at: readonly string[],
    application: Growing<DeclaredApplication>,
    entitlement: Json,
  ): void {
    const fields = { bound: 'amount', amount: 0, ...entitlement };
    if (fields.bound === 'amount' && entitlement['amount'] === undefined) {
      this.#fault(document, at, 'needs "amount", or a "bound" of unlimited or blocked');
      return;
    }
    const key = `${String(entitlement['project'])} ${String(entitlement['resource'])}`;
    const declared = this.#declared(document, at, normalFields('SetEntitlement', fields));
    this.#put(application.entitlements, key, declared);
  }

  /** Quotas below one another; owner and tier of the one around hold for those that say none. */
  #addQuotas(
    document: ReadDocument,
    at: readonly string[],
    application: Growing<DeclaredApplication>,
    quotas: Json,
    around: { readonly parent: string; readonly owner?: unknown; readonly tier?: unknown },
  ): void {
    for (const [path, body] of Object.entries(quotas)) {
      const { quotas: below, ...said } = body as Json;
      const place = [...at, path];
      const { owner = around.owner, tier = around.tier, ...rest } = said;
      const quotaId = `${around.parent}/${path}`;
      const missing = [
        ...(owner === undefined ? ['owner'] : []),
        ...(tier === undefined ? ['tier'] : []),
      ];
      if (missing.length > 0) {
        const names = missing.map((name) => `"${name}"`).join(' and ');
        this.#fault(document, place, `needs ${names}, which no quota around it says either`);
      } else {
        const content = { ...CONTENT_DEFAULTS, ...rest, owner, tier };
        this.#put(
          application.quotas,
          quotaId,
          this.#declared(document, place, normalContent(content)),
        );
      }
      if (isJson(below)) {
        this.#addQuotas(document, [...place, 'quotas'], application, below, {
          parent: quotaId,
          ...{ owner, tier },
        });
      }
    }
  }

  #declared(document: ReadDocument, at: readonly string[], normal: Normal): Declared<Json> | null {
    if ('violations' in normal) {
      for (const { path, message } of normal.violations)
        this.#violation(document, at, { path, message });
      return null;
    }
    return {
      value: normal.value,
      placeOf: (path = []) => document.placeOf([...at, ...path], path.length === 0),
    };
  }

  #violation(
    document: ReadDocument,
    at: readonly string[],
    { path, message }: JsonViolation,
  ): void {
    const within = path.split('/').slice(1);
    this.#faults.push({
      place: document.placeOf([...at, ...within]),
      message: `${within.join('.')} ${message}`,
    });
  }

  #fault(document: ReadDocument, at: readonly string[], message: string): void {
    this.#faults.push({ place: document.placeOf(at, true), message });
  }

  #put(into: Map<string, Declared<Json>>, id: string, declared: Declared<Json> | null): void {
    const kept = this.#once(into.get(id) ?? null, declared, id);
    if (kept !== null) into.set(id, kept);
  }

  /** The first stays, and the second is a fault. */
  #once(
    before: Declared<Json> | null,
    declared: Declared<Json> | null,
    what: string,
  ): Declared<Json> | null {
    if (before === null || declared === null) return before ?? declared;
    const message = `${what} is declared already, at ${placeText(before.placeOf())}`;
    this.#faults.push({ place: declared.placeOf(), message });
    return before;
  }

  #organizationOf(organization: string): Growing<DeclaredOrganization> {
    const found = this.#organizations.get(organization) ?? {
      organization,
      registration: null,
      teams: new Map(),
      projects: new Map(),
      budgets: new Map(),
      isManaged: false,
    };
    this.#organizations.set(organization, found);
    return found;
  }

  #applicationOf(application: string): Growing<DeclaredApplication> {
    const found = this.#applications.get(application) ?? {
      application,
      registration: null,
      entitlements: new Map(),
      quotas: new Map(),
      managed: [],
    };
    this.#applications.set(application, found);
    return found;
  }
}
