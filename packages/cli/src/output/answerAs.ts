import { answer } from '../print.ts';

export const outputForms = ['table', 'json', 'yaml'] as const;
export type OutputForm = (typeof outputForms)[number];

export interface OutputOptions {
  readonly output: OutputForm;
}

/** Prints an answer: lines for people, or the same data whole, as JSON (one line) or YAML, for scripts. */
export async function answerAs(
  form: OutputForm,
  data: unknown,
  lines: () => Promise<readonly string[]> | readonly string[],
): Promise<void> {
  if (form === 'json') answer(JSON.stringify(data));
  else if (form === 'yaml') answer((await yamlOf(data)).trimEnd());
  else for (const line of await lines()) answer(line);
}

async function yamlOf(data: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(data);
}
