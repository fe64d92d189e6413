/** Formats by name, for places that take a text whatever its language: files and webhooks. */
import { TargetRefused } from './dispatcher.ts';
import type { Format } from './dispatcher.ts';
import { rulesFormat } from './rules/rulesFormat.ts';

const formats = new Map<string, Format>([['rules', rulesFormat]]);

/** @throws TargetRefused when neither Prorata nor the operator has one of that name */
export function formatNamed(name = 'rules'): Format {
  const format = formats.get(name);
  if (format === undefined) throw new TargetRefused(`The operator has no format ${name}.`);
  return format;
}

/** By a module of the operator's, before the relay starts. @throws Error when the name is taken */
export function registerFormat(name: string, format: Format): void {
  if (formats.has(name)) throw new Error(`There is a format ${name} already.`);
  formats.set(name, format);
}
