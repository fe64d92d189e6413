/** What a registration says to each kind of dispatcher, checked by the kind's own terms. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import type { Dispatcher, DispatcherKind, ResourceDeclaration, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { pointerOf } from '../ownChecks/pointer.ts';
import { invalid } from '../validate/declaredNames.ts';
import { jsonObjectOf } from '../validate/jsonObject.ts';
import type { JsonObject } from '../validate/jsonObject.ts';
import type { DispatcherTerms } from './dispatcherTerms.ts';
import { fileTerms } from './fileTerms.ts';
import { kubernetesTerms } from './kubernetesTerms.ts';
import { tidbTerms } from './tidbTerms.ts';
import { webhookTerms } from './webhookTerms.ts';
import { yunikornTerms } from './yunikornTerms.ts';

export const dispatcherTerms: Readonly<Record<DispatcherKind, DispatcherTerms>> = {
  file: fileTerms,
  kubernetes: kubernetesTerms,
  tidb: tidbTerms,
  webhook: webhookTerms,
  yunikorn: yunikornTerms,
};

/** Faults of one dispatcher's settings that are told: they are corrected one by one anyway. */
const FAULTS_TOLD_MAX = 20;

/**
 * @param path JSON pointer of the dispatcher in the command
 * @param resources as the same registration declares them
 */
export function settingsViolations(
  dispatcher: Dispatcher,
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  const { kind, settings } = dispatcher;
  const wrong = settingsFormViolations(dispatcher, path);
  const given = settings === null ? {} : jsonObjectOf(settings);
  if (given === null || wrong.some(({ path: at }) => at.startsWith(`${path}/settings`)))
    return wrong;
  const faults = dispatcherTerms[kind].faults?.(given, resources) ?? [];
  return [
    ...wrong,
    ...faults
      .slice(0, FAULTS_TOLD_MAX)
      .map(({ path: at, message }) => settingsFault(`${path}/settings${at}`, message)),
  ];
}

/**
 * What of target and settings is wrong whatever the resources are. Who keeps targets asks too: the log has
 * registrations from before these terms.
 * @param path JSON pointer of the dispatcher
 */
export function settingsFormViolations(
  { kind, target, settings }: Dispatcher,
  path: string,
): Violation[] {
  const given = settings === null ? {} : jsonObjectOf(settings);
  if (given === null) return [invalid(`${path}/settings`, 'Settings are not a JSON object.')];
  const wrong = schemaFaults(kind, given, `${path}/settings`);
  if (wrong.length > 0) return wrong;
  const fault = dispatcherTerms[kind].targetFault(target, given);
  return fault === null ? [] : [invalid(`${path}/target`, fault)];
}

export interface DispatcherAddress {
  /** JSON pointer below the dispatcher. */
  readonly path: string;
  readonly url: string;
}

/** Where a dispatcher would be sent; whether it may be, its operator says. */
export function addressesOf({ kind, target, settings }: Dispatcher): readonly DispatcherAddress[] {
  const given: JsonObject = settings === null ? {} : (jsonObjectOf(settings) ?? {});
  const inSettings = (dispatcherTerms[kind].addresses ?? []).flatMap((name) => {
    const url = given[name];
    return typeof url === 'string' ? [{ path: `/settings/${name}`, url }] : [];
  });
  const url = /^https?:/.test(target) ? target : dispatcherTerms[kind].addressOf?.(target);
  return [...(url === undefined ? [] : [{ path: '/target', url }]), ...inSettings];
}

const compiled = new Map<DispatcherKind, ValidateFunction>();

function schemaFaults(kind: DispatcherKind, settings: JsonObject, path: string): Violation[] {
  let validate = compiled.get(kind);
  if (validate === undefined) {
    validate = new Ajv2020({ allErrors: true, strict: true }).compile(
      dispatcherTerms[kind].settingsSchema,
    );
    compiled.set(kind, validate);
  }
  if (validate(settings)) return [];
  const errors = validate.errors ?? [];
  // ajv keeps the last errors on the function: they would hold the settings in memory.
  validate.errors = null;
  return errors
    .slice(0, FAULTS_TOLD_MAX)
    .map((error) =>
      settingsFault(`${path}${error.instancePath}${memberOf(error)}`, messageOf(error)),
    );
}

const settingsFault = (path: string, message: string): Violation =>
  violation('DISPATCHER_SETTINGS_INVALID', path, message);

function memberOf({ params }: ErrorObject): string {
  const named = params as Readonly<Record<string, unknown>>;
  const name = named['missingProperty'] ?? named['additionalProperty'];
  return typeof name === 'string' ? `/${pointerOf(name)}` : '';
}

function messageOf({ keyword, message, params }: ErrorObject): string {
  const values = (params as { allowedValues?: unknown }).allowedValues;
  const among = Array.isArray(values) ? `: ${values.map(String).join(', ')}` : '';
  return `It ${message ?? `does not satisfy ${keyword}`}${among}.`;
}
