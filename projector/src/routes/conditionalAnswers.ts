import { createHash } from 'node:crypto';
import { longToJson } from '@prorata/schemas';
import type { RequestHandler } from 'express';

/** Bytes of the hash that a tag is made of: two answers of one address never have the same. */
const TAG_BYTES = 16;

/**
 * Gives every answer a tag of what it holds, `lag` apart, and answers 304 to who has it: so that asking
 * again costs no transfer. How far behind the tables are is then said by a header. Where a route has set a
 * tag of its own, that one counts.
 */
export const conditionalAnswers: RequestHandler = (request, response, next) => {
  const send = response.json.bind(response);
  response.json = (body: unknown) => {
    if (response.statusCode !== 200 || !isAnswer(body)) return send(body);
    const { lag, ...held } = body;
    const text = JSON.stringify(held, longs);
    const tag = response.get('etag') ?? tagOf(text);
    response.setHeader('etag', tag).setHeader('prorata-lag', lagText(lag));
    if (!response.hasHeader('cache-control')) response.setHeader('cache-control', 'no-cache');
    if (has(request.get('if-none-match'), tag)) return response.status(304).end();
    const whole = `${text.slice(0, -1)}${text === '{}' ? '' : ','}"lag":${JSON.stringify(lag, longs)}}`;
    return response.type('application/json').send(whole);
  };
  next();
};

function tagOf(text: string): string {
  const hash = createHash('sha256').update(text).digest().subarray(0, TAG_BYTES);
  return `W/"${hash.toString('base64url')}"`;
}

function isAnswer(body: unknown): body is { readonly lag: unknown } {
  return typeof body === 'object' && body !== null && 'lag' in body;
}

function longs(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? longToJson(value) : value;
}

const lagText = (lag: unknown): string => (typeof lag === 'bigint' ? lag.toString() : 'unknown');

/** RFC 9110: a list of tags, compared without the mark of weak ones, or `*`. */
function has(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const bare = (each: string): string => each.trim().replace(/^W\//, '');
  const tags = header.split(',').map(bare);
  return tags.includes('*') || tags.includes(bare(tag));
}
