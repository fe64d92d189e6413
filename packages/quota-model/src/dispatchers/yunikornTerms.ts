import type { ResourceDeclaration } from '@prorata/schemas';
import { isHttpUrl } from '../validate/httpUrl.ts';
import type { JsonObject } from '../validate/jsonObject.ts';
import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms, KeptSettings, SettingsFault } from './dispatcherTerms.ts';
import { pointerOf } from '../ownChecks/pointer.ts';
import { filePathFault } from './filePath.ts';

export interface YunikornSettings extends KeptSettings {
  /** Where the text goes; `target` is a file's path, or `namespace/name` of a ConfigMap. */
  readonly place?: 'file' | 'configmap';
  /** YuniKorn's name of each capacity resource; absent: all of them, by their own names. */
  readonly resources?: Readonly<Record<string, string>>;
  /** The concurrency resource whose limit is the most applications of a queue. */
  readonly applications?: string;
  /** The queue below which the application's own stand; absent: root. */
  readonly queue?: string;
  /** Members of the partition: placementrules, preemption, nodesortpolicy, limits, usergroupresolver. */
  readonly partition?: JsonObject;
  /** Members of the root queue: submitacl, adminacl, properties. */
  readonly root?: JsonObject;
  /** Queues beside ours below root, as YuniKorn's file has them. */
  readonly queues?: readonly JsonObject[];
  /** The scheduler's REST address: asked before a text is written, and whether it was taken. */
  readonly scheduler?: string;
  /** configmap: the address of the Kubernetes API; the dispatcher's secret is the token for it. */
  readonly api?: string;
  /** configmap: the secret that holds the PEM of its authority; absent: the system's. */
  readonly caRef?: string;
  /** configmap: the key of the text; absent: queues.yaml. */
  readonly key?: string;
}

const DNS_NAME = '[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?';
const CONFIG_MAP = new RegExp(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/${DNS_NAME}$`);
const text = { type: 'string', maxLength: 2_048 };

export const yunikornTerms: DispatcherTerms = {
  addresses: ['scheduler', 'api'],
  settingsSchema: settingsSchema({
    place: { enum: ['file', 'configmap'] },
    resources: {
      type: 'object',
      minProperties: 1,
      maxProperties: 32,
      additionalProperties: { type: 'string', minLength: 1, maxLength: 253 },
    },
    applications: { type: 'string' },
    queue: {
      type: 'string',
      pattern: '^root([.][a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,4}$',
    },
    partition: {
      type: 'object',
      additionalProperties: false,
      properties: {
        placementrules: { type: 'array', items: { type: 'object' } },
        preemption: { type: 'object' },
        nodesortpolicy: { type: 'object' },
        limits: { type: 'array', items: { type: 'object' } },
        usergroupresolver: { type: 'object' },
      },
    },
    root: {
      type: 'object',
      additionalProperties: false,
      properties: {
        submitacl: text,
        adminacl: text,
        properties: { type: 'object', additionalProperties: text },
      },
    },
    queues: { type: 'array', maxItems: 64, items: { type: 'object' } },
    scheduler: text,
    api: text,
    caRef: { type: 'string', pattern: '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$' },
    key: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}[.]yaml$' },
  }),
  targetFault(target, settings) {
    if (settings['place'] !== 'configmap') return filePathFault(target);
    return CONFIG_MAP.test(target) ? null : 'A ConfigMap is named namespace/name.';
  },
  faults(settings, resources) {
    const given = settings as YunikornSettings;
    return [
      ...addressFaults(given),
      ...resourceFaults(given, resources),
      ...applicationFaults(given, resources),
    ];
  },
};

function addressFaults({ place, api, scheduler }: YunikornSettings): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const message = 'An address is http(s)://host[:port][/path].';
  if (api !== undefined && !isHttpUrl(api)) faults.push({ path: '/api', message });
  if (scheduler !== undefined && !isHttpUrl(scheduler))
    faults.push({ path: '/scheduler', message });
  if (place === 'configmap' && api === undefined) {
    faults.push({
      path: '/api',
      message: 'A ConfigMap is written at the Kubernetes API: say where.',
    });
  }
  return faults;
}

/** The units in which YuniKorn counts these; everything else it counts in whole numbers of anything. */
const units: Readonly<Record<string, string>> = { vcore: 'milli-vcore', memory: 'byte' };

function resourceFaults(
  { resources: named = {} }: YunikornSettings,
  declared: ReadonlyMap<string, ResourceDeclaration>,
): SettingsFault[] {
  const faults: SettingsFault[] = [];
  const taken = new Set<string>();
  for (const [name, type] of Object.entries(named)) {
    const path = `/resources/${pointerOf(name)}`;
    const resource = declared.get(name);
    if (resource?.kind !== 'capacity') {
      faults.push({ path, message: `${name} is no capacity that the application declares.` });
    } else if (units[type] !== undefined && units[type] !== resource.unit) {
      faults.push({ path, message: `YuniKorn's ${type} takes a resource in ${units[type]}.` });
    }
    if (taken.has(type)) faults.push({ path, message: `Two resources are ${type}.` });
    taken.add(type);
  }
  return faults;
}

function applicationFaults(
  { applications }: YunikornSettings,
  declared: ReadonlyMap<string, ResourceDeclaration>,
): SettingsFault[] {
  if (applications === undefined || declared.get(applications)?.kind === 'concurrency') return [];
  const message = `${applications} is no concurrency that the application declares.`;
  return [{ path: '/applications', message }];
}
