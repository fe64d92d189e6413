/** What the API tells of our ResourceQuotas, as the text that would have made them. */
import { byCodeUnit } from '@prorata/quota-model';
import { metadataOf } from './clusterApi.ts';
import type { ClusterObject } from './clusterApi.ts';
import { byPlace } from './kubernetesFormat.ts';
import {
  APPLICATION_LABEL,
  DISPATCHER_LABEL,
  isRecord,
  MANAGED_BY_LABEL,
  manifestsText,
  NOTE_ANNOTATION,
  QUOTA_ANNOTATION,
} from './manifest.ts';
import type { ResourceQuotaManifest, ScopeSelector } from './manifest.ts';
import { quantityText, thousandthsIn } from './quantity.ts';

/** null: there are none. */
export function textInForce(objects: readonly ClusterObject[]): string | null {
  if (objects.length === 0) return null;
  return manifestsText(objects.map(manifestInForce).toSorted(byPlace));
}

/**
 * The object without what the API adds and what nobody asked us about (other labels, who set what). All of its spec
 * stays, so that a bound that somebody added is seen.
 */
export function manifestInForce(object: ClusterObject): ResourceQuotaManifest {
  const { name, namespace, labels, annotations } = metadataOf(object);
  const { hard, scopeSelector, ...others } = isRecord(object['spec']) ? object['spec'] : {};
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: {
      name: textOf(name),
      namespace: textOf(namespace),
      labels: texts(labels, [MANAGED_BY_LABEL, APPLICATION_LABEL, DISPATCHER_LABEL]),
      annotations: texts(annotations, [QUOTA_ANNOTATION, NOTE_ANNOTATION]),
    },
    spec: {
      hard: hardOf(hard),
      ...(scopeSelector === undefined ? {} : { scopeSelector: scopeSelector as ScopeSelector }),
      ...others,
    },
  };
}

/** The API writes 2000000000 as 2G: the same number is the same text here. */
function hardOf(hard: unknown): Readonly<Record<string, string>> {
  const bounds = Object.entries(isRecord(hard) ? hard : {});
  const same = bounds.map(([key, quantity]): [string, string] => {
    const thousandths = thousandthsIn(quantity);
    return [key, thousandths === null ? textOf(quantity) : quantityText(thousandths)];
  });
  return Object.fromEntries(same.toSorted(([a], [b]) => byCodeUnit(a, b)));
}

function texts(value: unknown, keys: readonly string[]): Readonly<Record<string, string>> {
  const all = isRecord(value) ? value : {};
  return Object.fromEntries(
    keys.flatMap((key) => (typeof all[key] === 'string' ? [[key, all[key]]] : [])),
  );
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);
