import { CommandError } from '../commandError.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { countText } from '../output/countText.ts';
import { limitText } from '../output/limitText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';

export interface TreeOptions extends OutputOptions {
  readonly depth?: string;
  readonly resource?: string;
  readonly asOf?: string;
}

/** The quotas of an application or below one of them, each with what is in force and what binds it. */
export async function tree(place: string, options: TreeOptions): Promise<number> {
  const depth = depthOf(options.depth);
  const client = await connected();
  const query = { within: place, asOf: options.asOf };
  const rows = await withProgress(`reading ${place}`, (progress) =>
    client.all('/v1/quotas', 'quotas', query, (count) =>
      progress.say(`reading ${place}: ${countText(count, 'quota')}`),
    ),
  );
  if (rows.length === 0) {
    throw new CommandError(
      `There is no quota at or below ${place}; ./prorata get applications shows which there are.`,
    );
  }
  const levels = (row: Json): number => levelsOf(row) - place.split('/').length;
  const shown = rows.filter((row) => levels(row) <= depth);
  await answerAs(options.output, shown, () => [
    ...(place.includes('/') ? [] : [colours.bold(place)]),
    ...shown.map((row) => lineOf(row, levels(row), options.resource)),
  ]);
  return 0;
}

function depthOf(text: string | undefined): number {
  if (text === undefined) return Infinity;
  if (/^\d$/.test(text)) return Number(text);
  throw new CommandError(`--depth ${text}: a whole number of levels, 0 to 9`, 2);
}

const levelsOf = (row: Json): number => textIn(row, 'quotaId').split('/').length;

function lineOf(row: Json, level: number, resource: string | undefined): string {
  const name = textIn(row, 'quotaId').split('/').at(-1) ?? '';
  const limits = ((row['effective'] ?? []) as readonly Json[])
    .filter((each) => resource === undefined || each['resource'] === resource)
    .map((each) => limitLine(each, textIn(row, 'quotaId')));
  const tier = colours.dim(`tier ${textIn(row, 'tier')}`);
  const head = `${'  '.repeat(level)}${colours.bold(screenText(name))}`;
  return [`${head}  ${tier}`, ...limits].join('  ');
}

/** What binds it stands beside it, where it is another quota or another layer than the owner's. */
function limitLine(effective: Json, quotaId: string): string {
  const text = `${textIn(effective, 'resource')} ${limitText(effective['limit'] as Json)}`;
  const boundBy = textIn(effective, 'boundBy');
  if (boundBy !== '' && boundBy !== quotaId) return colours.dim(`${text} (by ${boundBy})`);
  const layers = (effective['layers'] ?? []) as readonly Json[];
  const above = layers.map((layer) => textIn(layer, 'layer')).filter((layer) => marked.has(layer));
  return above.length === 0 ? text : `${text} ${colours.yellow(`[${above.join(', ')}]`)}`;
}

const marked = new Set(['rightsized', 'haircut', 'override']);
