/** The database of `url` by another login. */
export function loginUrl(url: string, login: string, password: string): string {
  const own = new URL(url);
  own.username = login;
  own.password = password;
  return own.href;
}
