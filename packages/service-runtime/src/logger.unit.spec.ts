import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.ts';

function lines(log: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const destination = {
    write(line: string) {
      text += line;
    },
  };
  log(createLogger('test', 'trace', destination));
  return text;
}

const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x';

describe('a log line', () => {
  it.each([
    ['a header', { headers: { authorization: `Bearer ${jwt}` } }],
    ['a nested password', { kafka: { sasl: { username: 'writer', password: 'hunter2' } } }],
    ['a token by another name', { note: `used ${jwt} today` }],
    ['a database URL', { url: 'postgres://prorata:hunter2@127.0.0.1/db' }],
    ['an error', { err: new Error(`connect postgres://prorata:hunter2@h refused, Bearer s3cr3t`) }],
    ['a list', { all: [{ clientSecret: 'hunter2' }] }],
  ])('holds no secret that came in %s', (_where, fields) => {
    const text = lines((logger) => logger.info(fields, 'something happened'));
    expect(text).toContain('something happened');
    expect(text).not.toMatch(/hunter2|s3cr3t|eyJ/);
  });

  it('holds none that came in the message', () => {
    expect(lines((logger) => logger.error(`bad token ${jwt}`))).not.toContain(jwt);
  });

  it('keeps what is no secret, amounts of tokens included', () => {
    const text = lines((logger) =>
      logger.info({ partition: 3, offset: 9007199254740993n, tokens: 500, user: 'u1' }, 'x'),
    );
    expect(JSON.parse(text)).toMatchObject({
      partition: 3,
      offset: '9007199254740993',
      tokens: 500,
      user: 'u1',
    });
  });
});
