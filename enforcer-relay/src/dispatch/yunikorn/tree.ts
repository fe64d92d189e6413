/** YAML as a tree of texts: what a scalar means is for whoever decodes it, as YuniKorn does. */
export type Tree =
  | {
      readonly kind: 'value';
      /** As it was written: `1e3` is a text of three characters. */
      readonly text: string;
      readonly isPlain: boolean;
    }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Tree])[] }
  | { readonly kind: 'alias' };
