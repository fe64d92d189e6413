import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uuidFromHash } from './uuidFromHash.ts';

describe('a UUID from a hash', () => {
  it('agrees with the vector of RFC 9562, A.4: www.example.com in the name space of DNS', () => {
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    const hash = createHash('sha1').update(dns).update('www.example.com').digest();
    expect(uuidFromHash(hash, 5)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('says its version, and leaves the hash as it was', () => {
    const hash = Buffer.alloc(32, 0xff);
    expect(uuidFromHash(hash, 8)).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff');
    expect(hash).toEqual(Buffer.alloc(32, 0xff));
  });
});
