import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';

/** Who speaks to Kafka. `admin` may do all and is for applying the manifest; nobody serves with it. */
export const principals = [
  'admin',
  'gateway',
  'writer',
  'projector',
  'relay',
  'rightsizer',
  'host',
  'auditor',
  'registry',
] as const;

export type Principal = (typeof principals)[number];
export type Passwords = Readonly<Record<Principal, string>>;

/** Passwords for a new stack: 144 bits each, hexadecimal so that no format has to quote them. */
export function randomPasswords(): Passwords {
  const entries = principals.map((name) => [name, randomBytes(18).toString('hex')]);
  return Object.fromEntries(entries) as Passwords;
}

/** Reads the stack's passwords, or makes them once, readable by their owner alone. */
export async function providePasswords(directory: string): Promise<Passwords> {
  const file = path.join(directory, 'kafka-passwords.json');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const handle = await open(file, 'wx', 0o600);
    const made = randomPasswords();
    await handle.writeFile(JSON.stringify(made, null, 2));
    await handle.close();
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return JSON.parse(await readFile(file, 'utf8')) as Passwords;
  }
}
