import { existsSync } from 'node:fs';
import path from 'node:path';

export interface BrokenLink {
  readonly target: string;
  readonly line: number;
}

const LINK = /\[[^\]]*\]\(([^()\s]+)\)/g;
const FENCE = /^\s*(```|~~~)/;

/** Relative links of a Markdown text that lead to no file; anchors are not looked at, nor is code. */
export function findBrokenLinks(
  text: string,
  directory: string,
  exists: (file: string) => boolean = existsSync,
): readonly BrokenLink[] {
  let isCode = false;
  return text.split('\n').flatMap((line, index) => {
    if (FENCE.test(line)) isCode = !isCode;
    if (isCode || line.startsWith('    ')) return [];
    return [...line.replaceAll(/`[^`]*`/g, 'code').matchAll(LINK)].flatMap((match) => {
      const target = match[1] ?? '';
      const file = target.replace(/#.*$/, '');
      if (file === '' || /^[a-z]+:/.test(target)) return [];
      return exists(path.resolve(directory, decodeURI(file))) ? [] : [{ target, line: index + 1 }];
    });
  });
}
