import type { EffectiveJson, LayerJson } from '../rows/effectiveJson.ts';

/**
 * Limits in force as an answer has them: the versions, text in the row (jsonb would take them as
 * numbers of any size), are bigints here, for the server to write as it writes every other.
 */
export function effectiveAnswer(effective: readonly EffectiveJson[]): readonly object[] {
  return effective.map((each) => ({ ...each, layers: layersAnswer(each.layers) }));
}

export function layersAnswer(layers: readonly LayerJson[]): readonly object[] {
  return layers.map((layer) => ({
    ...layer,
    streamVersion: BigInt(layer.streamVersion),
    haircut: layer.haircut && {
      ...layer.haircut,
      tierPolicyVersion: BigInt(layer.haircut.tierPolicyVersion),
    },
  }));
}
