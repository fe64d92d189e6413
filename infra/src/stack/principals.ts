import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { provideSecret } from './provideSecret.ts';

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

/** 144 bits, hexadecimal so that no format has to quote it. */
export function randomPassword(): string {
  return randomBytes(18).toString('hex');
}

export function randomPasswords(): Passwords {
  const entries = principals.map((name) => [name, randomPassword()]);
  return Object.fromEntries(entries) as Passwords;
}

/**
 * Reads the stack's passwords, or makes them once: one file for each principal, readable by its
 * owner alone, so that a tool can be given the one it needs.
 */
export function providePasswords(directory: string): Promise<Passwords> {
  return Promise.all(
    principals.map(async (name) => {
      const make = (): string => randomPassword();
      return [name, await provideSecret(path.join(directory, `kafka-${name}.password`), make)];
    }),
  ).then((entries) => Object.fromEntries(entries) as Passwords);
}
