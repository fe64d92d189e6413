/** A token, or where to get the present one: tokens end. */
export type BearerToken = string | (() => string | Promise<string>);

export async function headersWith(
  token: BearerToken,
  others: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const present = typeof token === 'string' ? token : await token();
  return { ...others, authorization: `Bearer ${present}` };
}
