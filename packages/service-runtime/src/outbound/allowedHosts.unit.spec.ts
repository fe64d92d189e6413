import { describe, expect, it } from 'vitest';
import { guardedLookup, HostNotAllowed, mayLeadTo, mustBeAllowed } from './allowedHosts.ts';

describe('where a validator may be', () => {
  const hosts = new Set(['a.example.test', 'b.example.test:8443', 'localhost:9000']);

  it.each(['https://a.example.test/x', 'https://b.example.test:8443/', 'http://localhost:9000/'])(
    '%s is on the list',
    (url) => {
      expect(() => mustBeAllowed(new URL(url), hosts)).not.toThrow();
    },
  );

  it.each([
    'https://a.example.test:8443/',
    'https://b.example.test/',
    'http://a.example.test/',
    'https://a.example.test.evil.test/',
    'https://evil.test/a.example.test',
    'http://localhost:9001/',
    'http://127.0.0.1:9000/',
  ])('%s is not', (url) => {
    expect(() => mustBeAllowed(new URL(url), hosts)).toThrow(HostNotAllowed);
  });

  it.each([
    ['a.example.test', '10.1.2.3', true],
    ['a.example.test', '127.0.0.1', false],
    ['a.example.test', '::1', false],
    ['a.example.test', '::ffff:127.0.0.1', false],
    ['a.example.test', '169.254.169.254', false],
    ['a.example.test', '::ffff:169.254.169.254', false],
    ['a.example.test', 'fe80::1', false],
    ['a.example.test', '0.0.0.0', false],
    ['a.example.test', 'fd00:ec2::254', false],
    ['a.example.test', '2001:db8::1', true],
    ['a.example.test', '::ffff:10.1.2.3', true],
    ['a.example.test', '::ffff:7f00:1', false],
    ['a.example.test', '0:0:0:0:0:FFFF:A9FE:A9FE', false],
    ['a.example.test', '::127.0.0.1', false],
    ['a.example.test', '::a9fe:a9fe', false],
    ['a.example.test', '::', false],
    ['a.example.test', '64:ff9b::169.254.169.254', false],
    ['a.example.test', '64:ff9b::7f00:1', false],
    ['a.example.test', '64:ff9b:1:abcd::a9fe:a9fe', false],
    ['a.example.test', '2002:a9fe:a9fe::', false],
    ['a.example.test', '2002:7f00:1::1', false],
    ['a.example.test', '2001:0:a9fe:a9fe::1', false],
    ['a.example.test', 'fe80::1%eth0', false],
    ['a.example.test', 'fec0::1', false],
    ['a.example.test', 'not-an-address', false],
    ['localhost', '::1', true],
    ['localhost', '::ffff:127.0.0.1', true],
    ['localhost', '64:ff9b::7f00:1', false],
    ['localhost', '127.0.0.1', true],
    ['localhost', '169.254.1.1', false],
  ])('%s may lead to %s: %s', (name, address, expected) => {
    expect(mayLeadTo(name, address)).toBe(expected);
  });

  it('is looked up as the connection looks it up', async () => {
    const found = await new Promise((resolve) => {
      guardedLookup('localhost', { all: false }, (error, address) => {
        resolve(error ?? address);
      });
    });
    expect(['127.0.0.1', '::1']).toContain(found);
  });
});
