import { Problem } from '@prorata/service-runtime';

/** What a client asked for, as it came over the wire and as it may be sent on. */
export interface RequestTarget {
  /** Path and query, byte for byte. */
  readonly text: string;
  /** The part before the query: what a route is chosen by. */
  readonly path: string;
}

/** Long enough for an id of eight levels, every character encoded, and a query, characters. */
const TARGET_LENGTH_MAX = 8_192;
/** One slash at the beginning, then the characters of a path (RFC 3986, 3.3), then perhaps a query. */
const PLAIN = /^\/(?!\/)[\w\-.~!$&'()*+,;=:@%/]*(?:\?[\x21\x22\x24-\x5b\x5d-\x7e]*)?$/;
const BROKEN_ESCAPE = /%(?![\da-f]{2})/i;
/** A slash or a backslash, encoded: some servers decode before they route. */
const SEPARATOR = /\/|%2f/i;
const ENCODED_BACKSLASH = /%5c/i;

/**
 * The target of a request whose path means one thing to every server that reads it. A gateway that
 * chose by one reading and sent another would be a way round its own table, or a proxy to anywhere.
 * @throws Problem 400 for an absolute or authority form, a dot segment or a backslash, encoded or not
 */
export function requestTarget(url: string): RequestTarget {
  const path = url.split('?', 1)[0] ?? '';
  const isPlain =
    url.length <= TARGET_LENGTH_MAX &&
    PLAIN.test(url) &&
    !BROKEN_ESCAPE.test(path) &&
    !ENCODED_BACKSLASH.test(path) &&
    !path.split(SEPARATOR).some(isDotSegment);
  if (isPlain) return { text: url, path };
  throw new Problem(400, 'TARGET_MALFORMED', 'The path must be plain: /, and no dot segments.', {
    headers: { connection: 'close' },
  });
}

function isDotSegment(segment: string): boolean {
  const plain = segment.replaceAll(/%2e/gi, '.');
  return plain === '.' || plain === '..';
}
