import { URL_LENGTH_MAX } from '../modelBounds.ts';

/**
 * An absolute address with a plain host, no user, no query and no fragment: nothing in which a secret
 * could be hidden, or a host behind another. Who calls it decides whether the host is allowed.
 */
const HTTP_URL =
  /^https?:\/\/([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?(\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/;

export function isHttpUrl(text: string): boolean {
  return text.length <= URL_LENGTH_MAX && HTTP_URL.test(text);
}
