import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { limitText } from '../output/limitText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { whoIn } from '../apply/changeText.ts';
import { isJson, textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';

export interface ExplainOptions extends OutputOptions {
  readonly resource?: string;
  readonly asOf?: string;
}

/** Why what is in force is in force: a sentence for each resource, and its layers from the lowest up. */
export async function explain(quotaId: string, options: ExplainOptions): Promise<number> {
  const client = await connected();
  const path = `/v1/quotas/${encodeURIComponent(quotaId)}/explain`;
  const found = await withProgress(`reading ${quotaId}`, () =>
    client.get<Json>(path, { asOf: options.asOf }),
  );
  const all = (found['limits'] ?? []) as readonly Json[];
  const limits = all.filter(
    ({ resource }) => options.resource === undefined || resource === options.resource,
  );
  await answerAs(options.output, { ...found, limits }, () =>
    limits.length === 0
      ? [nothingText(quotaId, all, options.resource)]
      : [
          ...linesOf(limits),
          ...evidenceLines(limits, (found['rightsizing'] ?? []) as readonly Json[]),
          ...rolloutLines(found['rollout'] as Json | null | undefined),
        ],
  );
  return 0;
}

/** With what is limited: a resource that is mistyped must not pass for one that is free. */
export function nothingText(quotaId: string, all: readonly Json[], resource?: string): string {
  const here = screenText(quotaId);
  if (resource === undefined || all.length === 0) return `Nothing limits ${here}.`;
  const others = all.map((limit) => textIn(limit, 'resource')).join(', ');
  return `Nothing limits the resource ${screenText(resource)} of ${here}, if there is one of that name; limited are ${others}.`;
}

function linesOf(limits: readonly Json[]): readonly string[] {
  return limits.flatMap((limit) => [
    `${colours.bold(textIn(limit, 'resource'))}: ${screenText(textIn(limit, 'sentence'))}`,
    ...tableLines(heads, ((limit['layers'] ?? []) as readonly Json[]).map(rowOf)).map(
      (line) => `  ${line}`,
    ),
    '',
  ]);
}

/** How evidence may move the limits that are shown, where somebody says so. */
export function evidenceLines(limits: readonly Json[], terms: readonly Json[]): readonly string[] {
  const shown = new Set(limits.map(({ resource }) => resource));
  return terms
    .filter(({ resource }) => shown.has(resource))
    .map((each) => screenText(`Evidence and ${textIn(each, 'resource')}: ${termsText(each)}.`));
}

function termsText({ bounds, workload, pinnedBy }: Json): string {
  const { min, max, of } = (bounds ?? {}) as Json;
  const classed = (workload ?? {}) as Json;
  return [
    isJson(bounds)
      ? `moves it within ${String(min)} to ${String(max)} of ${String(of)}`
      : 'does not move it, for nobody gave bounds',
    ...(isJson(workload) ? [`as ${textIn(classed, 'class')}, by ${textIn(classed, 'of')}`] : []),
    ...(typeof pinnedBy === 'string' ? [`but ${pinnedBy} has pinned it`] : []),
  ].join(', ');
}

/** Hosts of its stages enforce something else meanwhile. */
export function rolloutLines(rollout: Json | null | undefined): readonly string[] {
  if (rollout === null || rollout === undefined) return [];
  const [id, status, stage] = ['rolloutId', 'status', 'stage'].map((name) => textIn(rollout, name));
  return [
    screenText(
      `Rollout ${id} is ${status} at stage ${stage}: its hosts enforce what it brings instead of what is declared. ./prorata rollout show ${id}`,
    ),
  ];
}

const heads = ['layer', 'limit', 'by', 'since', 'until', 'reason'];

function rowOf(layer: Json): readonly string[] {
  const name = textIn(layer, 'layer');
  const ancestor = textIn(layer, 'ancestor');
  return [
    ancestor === '' ? name : `${name} ${ancestor}`,
    limitText(layer['limit'] as Json | null),
    whoIn(layer),
    textIn(layer, 'at'),
    textIn(layer, 'until') || '-',
    textIn(layer, 'reason'),
  ];
}
