import { isUtf8 } from 'node:buffer';
import express from 'express';
import type { Request, RequestHandler } from 'express';
import { isDeeperThan } from './jsonDepth.ts';
import { repeatedKey } from './jsonKeys.ts';
import { Problem } from './problem.ts';

/** Levels of a body: what free JSON may have, 64, and what commands and batches put around it. */
const BODY_DEPTH_MAX = 80;
/** `application/merge-patch+json` among them: RFC 7396. */
const JSON_TYPES = ['application/json', 'application/*+json'];

/**
 * Reads a JSON body, or refuses it before anything works on it: 415 for another form (a body without
 * the header is what curl sends), 413 beyond `bytesMax`, 400 for bytes that are not
 * UTF-8, for torn or too deep JSON and for a key that stands twice in one object.
 * @param bytesMax bytes, after any compression has been undone
 */
export function jsonBody(bytesMax: (request: Request) => number): RequestHandler {
  const parsers = new Map<number, RequestHandler>();
  return (request, response, next) => {
    if (hasBody(request) && request.is(JSON_TYPES) === false) {
      const sent = request.headers['content-type'] ?? 'none';
      const detail = `A body is read as JSON alone: send Content-Type: application/json, not ${sent}.`;
      throw new Problem(415, 'MEDIA_TYPE_UNSUPPORTED', detail);
    }
    const limit = bytesMax(request);
    const parser = parsers.get(limit) ?? parserOf(limit);
    parsers.set(limit, parser);
    return parser(request, response, next);
  };
}

function parserOf(limit: number): RequestHandler {
  return express.json({ limit, strict: false, type: JSON_TYPES, verify: refuseUnfit });
}

/** So much of a body says what it is, bytes; one that begins with more blanks its route judges. */
const START_BYTES = 64;
/** Of a key that stands twice so much is said, characters. */
const KEY_SHOWN_MAX = 100;
/** Every body here is an object, or a list in its place, which the route refuses in its own words. */
const LIST_OR_OBJECT = /^(\xef\xbb\xbf)?\s*([[{]|$)/;

/** Runs on the whole body, before it is parsed. */
function refuseUnfit(_request: unknown, _response: unknown, body: Buffer, charset: string): void {
  if (charset !== 'utf-8') {
    throw new Problem(415, 'MEDIA_TYPE_UNSUPPORTED', `JSON is read in UTF-8, not in ${charset}.`);
  }
  // The parser would put U+FFFD for such bytes: a name that nobody sent would be kept for ever.
  if (!isUtf8(body)) {
    throw new Problem(400, 'REQUEST_MALFORMED', 'The body has bytes that are not UTF-8.');
  }
  if (!LIST_OR_OBJECT.test(body.toString('latin1', 0, START_BYTES))) {
    throw new Problem(400, 'REQUEST_MALFORMED', 'A body must be an object.');
  }
  if (isDeeperThan(body, BODY_DEPTH_MAX)) {
    const detail = `Lists and objects stand inside each other ${BODY_DEPTH_MAX} deep at most.`;
    throw new Problem(400, 'REQUEST_MALFORMED', detail);
  }
  // The parser would take the last of them: what else the sender said would be lost without a word.
  const twice = repeatedKey(body);
  if (twice !== null) {
    const shown = JSON.stringify(twice.slice(0, KEY_SHOWN_MAX));
    throw new Problem(400, 'REQUEST_MALFORMED', `The key ${shown} stands twice in one object.`);
  }
}

/** A body of no bytes is as good as none. */
function hasBody({ headers }: Request): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
