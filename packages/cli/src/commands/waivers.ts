import { CommandError } from '../commandError.ts';

/** `CHECK:why`, as often as it is given. @throws CommandError (exit 2) for another form */
export function waiversOf(
  texts: readonly string[] = [],
): readonly { check: string; reason: string }[] {
  return texts.map((text) => {
    const [, check, reason] = /^([A-Z_]+):(.*\S.*)$/.exec(text) ?? [];
    if (check !== undefined && reason !== undefined) return { check, reason };
    throw new CommandError(
      `no waiver ${text}; write CHECK:why, such as DECREASE_TOO_STEEP:"the load moved"`,
      2,
    );
  });
}
