import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publicKeysFrom } from './publicKeys.ts';

const pem = (): string =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const [one, other] = [pem(), pem()];
const secondMs = 1_000;
let directory: string;
let file: string;
let nowMs: number;
let faults: unknown[];
const now = (): number => nowMs;
const write = (text: unknown): Promise<void> =>
  writeFile(file, typeof text === 'string' ? text : JSON.stringify(text));
const openAll = () => publicKeysFrom(file, { now, onFault: (error) => faults.push(error) });
const open = async () => (await openAll()).of;

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-keys-'));
  file = path.join(directory, 'keys.json');
  nowMs = 0;
  faults = [];
  await write({ one });
});
afterEach(() => rm(directory, { recursive: true }));

describe('the public keys of the gateways', () => {
  it('lose a revoked key within a minute, also when nobody asks for an unknown one', async () => {
    const keyOf = await open();
    await write({ other });
    nowMs += 59 * secondMs;
    expect(await keyOf('one')).not.toBeNull();
    nowMs += 2 * secondMs;
    expect(await keyOf('one')).toBeNull();
    expect(await keyOf('other')).not.toBeNull();
  });

  it('gain a new key at once, but look for an unknown one at most every ten seconds', async () => {
    const keyOf = await open();
    nowMs += 11 * secondMs;
    expect(await keyOf('other')).toBeNull();
    await write({ one, other });
    expect(await keyOf('other')).toBeNull();
    nowMs += 11 * secondMs;
    expect(await keyOf('other')).not.toBeNull();
  });

  it('stay as they are, and say so, while the file cannot be understood', async () => {
    const { of: keyOf, areStale } = await openAll();
    expect(areStale()).toBe(false);
    await write('{ "one": "-----BEG');
    nowMs += 61 * secondMs;
    expect(await keyOf('one')).not.toBeNull();
    expect(faults).toHaveLength(1);
    await rm(file);
    nowMs += 61 * secondMs;
    expect(await keyOf('one')).not.toBeNull();
    expect(faults).toHaveLength(2);
    expect(areStale()).toBe(true);
    await write({ other });
    nowMs += 61 * secondMs;
    expect(await keyOf('one')).toBeNull();
    expect(areStale()).toBe(false);
  });

  it('must be readable at the start', async () => {
    await write('nothing');
    await expect(open()).rejects.toThrow();
  });
});
