import type { CommandAnswer } from '@prorata/service-runtime/postCommand';

/** Of what has no outcome yet: why the gateway put it off to the end, in brackets; nothing where it did not say. */
export function putOff({ code, detail }: Pick<CommandAnswer, 'code' | 'detail'>): string {
  if (code === null) return '';
  return ` (${[code, detail].filter((text) => text !== null && text !== '').join(': ')})`;
}
