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

/** An error as HTTP and database clients throw it: with what they were about to do. */
function laden(message = 'refused'): Error {
  return Object.assign(new Error(message), {
    code: 'EREFUSED',
    config: { headers: { authorization: 'Basic cHJvcmF0YTpodW50ZXIy' }, password: 'hunter2' },
    password: 'hunter2',
  });
}

const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x';

describe('a log line', () => {
  it.each([
    ['a header', { headers: { authorization: `Bearer ${jwt}` } }],
    ['a nested password', { kafka: { sasl: { username: 'writer', password: 'hunter2' } } }],
    ['a token by another name', { note: `used ${jwt} today` }],
    ['a database URL', { url: 'postgres://prorata:hunter2@127.0.0.1/db' }],
    ['an error', { err: new Error(`connect postgres://prorata:hunter2@h refused, Bearer s3cr3t`) }],
    ['the properties of an error', { err: laden() }],
    ['an error by another name', { fault: { inner: laden() } }],
    ['a cause', { err: new Error('outer', { cause: laden() }) }],
    ['one of several errors', { err: new AggregateError([laden()], 'all failed') }],
    ['a basic header in a text', { note: 'sent Basic cHJvcmF0YTpodW50ZXIy to it' }],
    ['JSON in a message', { err: new Error('sent {"password":"hunter2"}') }],
    ['a list', { all: [{ clientSecret: 'hunter2' }] }],
  ])('holds no secret that came in %s', (_where, fields) => {
    const text = lines((logger) => logger.info(fields, 'something happened'));
    expect(text).toContain('something happened');
    expect(text).not.toMatch(/hunter2|s3cr3t|eyJ|cHJvcm/);
  });

  it('holds none that came in the message', () => {
    expect(lines((logger) => logger.error(`bad token ${jwt}`))).not.toContain(jwt);
  });

  it('holds none when the error itself is logged, or bound to a child', () => {
    const text = lines((logger) => {
      logger.error(laden());
      logger.child({ password: 'hunter2', err: laden() }).info('x');
    });
    expect(text).not.toMatch(/hunter2|cHJvcm/);
    expect(text).toContain('EREFUSED');
  });

  it('says of an error what it is, what it said, where, and why', () => {
    const error = new RangeError('outer', { cause: laden('inner') });
    const text = lines((logger) => logger.error({ err: error }, 'x'));
    expect(JSON.parse(text)).toMatchObject({
      err: {
        type: 'RangeError',
        message: 'outer',
        stack: expect.stringContaining('logger.unit.spec') as string,
        cause: { type: 'Error', message: 'inner', code: 'EREFUSED' },
      },
    });
  });

  it('stays short when an error carries half of the process, itself included', () => {
    const wide = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => ({ a: 1 })));
    const error = Object.assign(new Error('wide'), { wide });
    Object.assign(error, { self: error, cause: error });
    expect(lines((logger) => logger.error({ err: error }, 'x')).length).toBeLessThan(50_000);
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
