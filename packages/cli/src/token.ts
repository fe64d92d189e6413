import { allRoles, findPlan, mintToken } from '@prorata/infra';
import { CommandError } from './commandError.ts';
import { answer } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

export interface TokenOptions {
  readonly subject: string;
  readonly role?: readonly string[];
  readonly application?: string;
}

/** Prints a token of the local stack; with all roles unless told, for a person to try things with. */
export async function token(options: TokenOptions): Promise<number> {
  const plan = await findPlan(stackDirectory());
  if (plan === undefined) throw new CommandError('There is no stack yet: ./prorata up starts one.');
  const roles = (options.role ?? allRoles).map((name) => {
    const role = allRoles.find((known) => known === name);
    if (role === undefined) {
      throw new CommandError(`no role ${name}; there are ${allRoles.join(', ')}`, 2);
    }
    return role;
  });
  const { subject, application } = options;
  answer(
    await mintToken(plan.secrets.directory, {
      subject,
      kind: 'user',
      roles,
      ...(application === undefined ? {} : { application }),
    }),
  );
  return 0;
}
