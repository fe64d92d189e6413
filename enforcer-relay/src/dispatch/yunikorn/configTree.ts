import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode, Scalar } from 'yaml';
import { plainBlocks } from './plainBlocks.ts';
import type { Tree } from './tree.ts';

export interface ReadTree {
  /** null: there is none. */
  readonly tree: Tree | null;
  readonly errors: readonly string[];
  readonly documents: number;
}

/** A key that stands twice in one map is an error. */
export function configTree(text: string): ReadTree {
  const plain = plainBlocks(text);
  if (plain !== null) return { tree: plain, errors: [], documents: 1 };
  const documents = parseAllDocuments(text, { uniqueKeys: true, strict: true, schema: 'core' });
  if (!Array.isArray(documents)) return { tree: null, errors: [], documents: 0 };
  const [document] = documents as readonly Document.Parsed[];
  return {
    tree: treeOf(document?.contents ?? null),
    errors: (document?.errors ?? []).map(({ message }) => message.split('\n', 1)[0] ?? ''),
    documents: documents.length,
  };
}

const nothing: Tree = { kind: 'value', text: '', isPlain: true };

function treeOf(node: ParsedNode | null): Tree {
  if (node === null) return nothing;
  if (isAlias(node)) return { kind: 'alias' };
  if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => treeOf(item)) };
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => [keyOf(key), treeOf(value)] as const);
    return { kind: 'map', entries };
  }
  return isScalar(node) ? valueOf(node) : nothing;
}

const keyOf = (key: ParsedNode): string => (isScalar(key) ? valueOf(key).text : '');

function valueOf(node: Scalar): Tree & { readonly kind: 'value' } {
  const isPlain = node.type === 'PLAIN';
  return {
    kind: 'value',
    text: isPlain ? (node.source ?? String(node.value)) : String(node.value),
    isPlain,
  };
}
