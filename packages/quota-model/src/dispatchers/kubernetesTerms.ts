import type { ResourceDeclaration } from '@prorata/schemas';
import { pointerOf } from '../ownChecks/pointer.ts';
import { isHttpUrl } from '../validate/httpUrl.ts';
import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms, KeptSettings, SettingsFault } from './dispatcherTerms.ts';
import { holdsByPriority, measureOf, thousandthsOf, unitsOf } from './hardKey.ts';
import { targetResource } from './targetResource.ts';

/** By the quota's path: `ml-{2}` with the second segment in it, the application being the first. */
export interface NamespaceByPath {
  readonly template: string;
  /** How many segments a quota has that stands for a namespace; those above and below it stand for none. */
  readonly depth: number;
}

/** By an attribute of the quota, which says the namespace's name; a quota without it stands for none. */
export interface NamespaceByAttribute {
  readonly attribute: string;
}

/** Limits become ResourceQuotas of namespaces; `target` is the address of the API, the secret a token for it. */
export interface KubernetesSettings extends KeptSettings {
  readonly namespace: NamespaceByPath | NamespaceByAttribute;
  /** What a ResourceQuota holds by which resource: `{"requests.nvidia.com/gpu": "gpu"}`. */
  readonly hard: Readonly<Record<string, string>>;
  /** The classes of the pods that a quota of a tier counts, by tier (`{"0": ["critical"]}`); absent: all pods. */
  readonly priorityClasses?: Readonly<Record<string, readonly string[]>>;
  /** The secret that holds the PEM of its authority; absent: the system's. */
  readonly caRef?: string;
}

export const kubernetesTerms: DispatcherTerms = {
  settingsSchema: settingsSchema(
    {
      namespace: {
        anyOf: [
          {
            type: 'object',
            required: ['template', 'depth'],
            additionalProperties: false,
            properties: {
              template: { type: 'string', pattern: '^([a-z0-9-]|[{][1-8][}]){1,63}$' },
              depth: { type: 'integer', minimum: 2, maximum: 8 },
            },
          },
          {
            type: 'object',
            required: ['attribute'],
            additionalProperties: false,
            properties: { attribute: { type: 'string', minLength: 1, maxLength: 128 } },
          },
        ],
      },
      hard: {
        type: 'object',
        minProperties: 1,
        maxProperties: 32,
        additionalProperties: { type: 'string', minLength: 1, maxLength: 128 },
      },
      priorityClasses: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        patternProperties: {
          '^[0-4]$': {
            type: 'array',
            minItems: 1,
            maxItems: 8,
            uniqueItems: true,
            items: { type: 'string', pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$' },
          },
        },
      },
      caRef: { type: 'string', pattern: '^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$' },
    },
    ['namespace', 'hard'],
  ),
  targetFault: (target) =>
    isHttpUrl(target) && target.startsWith('https:')
      ? null
      : "A target is the address of the cluster's API, https://host[:port].",
  faults: (settings, resources) =>
    kubernetesFaults(settings as unknown as KubernetesSettings, resources),
};

function kubernetesFaults(
  { namespace, hard, priorityClasses }: KubernetesSettings,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): SettingsFault[] {
  const faults = Object.entries(hard).flatMap(([key, name]) => {
    const message = hardFault(key, name, resources, priorityClasses !== undefined);
    return message === null ? [] : [{ path: `/hard/${pointerOf(key)}`, message }];
  });
  if ('template' in namespace) {
    const deepest = deepestIn(namespace.template);
    if (deepest > namespace.depth) {
      const message = `A quota of ${namespace.depth} segments has no segment ${deepest}.`;
      faults.push({ path: '/namespace/template', message });
    }
  }
  return faults;
}

function deepestIn(template: string): number {
  return Math.max(0, ...[...template.matchAll(/\{([1-8])\}/g)].map(([, number]) => Number(number)));
}

function hardFault(
  key: string,
  name: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
  isByPriority: boolean,
): string | null {
  const measure = measureOf(key);
  if (measure === null) return 'This is no bound of a ResourceQuota.';
  if (isByPriority && !holdsByPriority(key)) {
    return `${key} does not hold for the pods of some priority classes.`;
  }
  const resource = targetResource(resources, name, ['capacity', 'concurrency']);
  if (typeof resource === 'string') return resource;
  if (thousandthsOf(measure, resource.unit) !== null) return null;
  return `${key} counts ${unitsOf(measure)}, and ${name} is in ${resource.unit}.`;
}
