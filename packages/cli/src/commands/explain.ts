import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { limitText } from '../output/limitText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { whoIn } from '../apply/changeText.ts';
import { textIn } from '../plan/json.ts';
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
  await answerAs(options.output, { ...found, limits }, () => linesOf(quotaId, limits));
  return 0;
}

function linesOf(quotaId: string, limits: readonly Json[]): readonly string[] {
  if (limits.length === 0) return [`Nothing limits ${screenText(quotaId)} here.`];
  return limits.flatMap((limit) => [
    `${colours.bold(textIn(limit, 'resource'))}: ${screenText(textIn(limit, 'sentence'))}`,
    ...tableLines(heads, ((limit['layers'] ?? []) as readonly Json[]).map(rowOf)).map(
      (line) => `  ${line}`,
    ),
    '',
  ]);
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
