import type { YunikornSettings } from '@prorata/quota-model';
import { blockText } from './blockText.ts';
import { quantityText } from './quantity.ts';
import type { QueueNode } from './queueTree.ts';

/**
 * A type that no node has. YuniKorn drops a max that is 0 of everything, and the queue would be without a bound:
 * one of this keeps the zeros in force.
 */
export const BLOCKING_TYPE = 'prorata.io/blocked';
/** The least that YuniKorn can hold; 0 would be no bound. */
export const LEAST_APPLICATIONS = 1n;

interface Queue {
  readonly name: string;
  readonly parent?: boolean;
  readonly submitacl?: unknown;
  readonly adminacl?: unknown;
  readonly properties?: unknown;
  readonly maxapplications?: bigint;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly queues?: readonly unknown[];
}

/** @param types all of YuniKorn's that the application governs */
export function queueText(
  application: string,
  top: readonly QueueNode[],
  types: readonly string[],
  { queue = 'root', partition = {}, root = {}, queues = [] }: YunikornSettings,
): string {
  const below = queue
    .split('.')
    .slice(1)
    .reduceRight<readonly Queue[]>(
      (inner, name) => [{ name, parent: true, queues: inner }],
      top.map((node) => queueOf(node, types)),
    );
  const rootQueue = { name: 'root', parent: true, ...root, queues: [...below, ...queues] };
  const config = { partitions: [{ name: 'default', ...partition, queues: [rootQueue] }] };
  const text = blockText(config);
  return `# Queues of ${application}, written by Prorata. What is changed here by hand is told and undone.\n${text}`;
}

function queueOf(node: QueueNode, types: readonly string[]): Queue {
  const { name, children, applications, guaranteed } = node;
  const isBlocked = applications === 0n;
  const max = new Map(isBlocked ? types.map((type) => [type, 0n]) : node.max);
  const isAllZero = max.size > 0 && [...max.values()].every((amount) => amount === 0n);
  if (isAllZero) max.set(BLOCKING_TYPE, 1n);
  const resources = {
    ...(guaranteed.size === 0 || isAllZero ? {} : { guaranteed: amountsText(guaranteed) }),
    ...(max.size === 0 ? {} : { max: amountsText(max) }),
  };
  return {
    name,
    ...(children.length === 0 ? {} : { parent: true }),
    ...(applications === null
      ? {}
      : { maxapplications: isBlocked ? LEAST_APPLICATIONS : applications }),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(children.length === 0 ? {} : { queues: children.map((child) => queueOf(child, types)) }),
  };
}

const amountsText = (amounts: ReadonlyMap<string, bigint>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...amounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([type, amount]) => [type, quantityText(type, amount)]),
  );
