/** Below what S3 and every file system take, bytes in UTF-8. */
const KEY_BYTES_MAX = 900;
const SEGMENT = /^[A-Za-z0-9_=][A-Za-z0-9._=,@+-]*$/;

/**
 * Keys become paths and URLs, so they are held to what means the same in both.
 * @throws RangeError for `..`, an empty segment, a name that begins with a point, anything to be escaped
 */
export function checkKey(key: string): string {
  if (key.length > KEY_BYTES_MAX || !key.split('/').every((segment) => SEGMENT.test(segment))) {
    throw new RangeError(`Not a key of an object: ${JSON.stringify(key.slice(0, KEY_BYTES_MAX))}.`);
  }
  return key;
}
