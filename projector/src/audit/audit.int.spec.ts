import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';

const main = path.join(import.meta.dirname, 'main.ts');

interface Report {
  readonly events: number;
  readonly streams: number;
  readonly firstBad: { readonly offset: number; readonly stream: string } | null;
}

describe('the audit of a running log', () => {
  let stand: Stand;
  let directory: string;
  beforeAll(async () => {
    stand = await openStand();
    directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-audit-'));
    const { stamper } = stand;
    for (const id of ['moka', 'llm', 'tidb']) {
      const stream = `application:${id}`;
      await stand.append(
        stamper.stamp(stream, [registered]),
        stamper.stamp(stream, [created(`${id}/prod`, contentOf())]),
        stamper.refuse(stream, 'QUOTA_UNKNOWN'),
        stamper.stamp(stream, [
          changed(`${id}/prod`, 2n, contentOf({ limits: [tokensPerSecond(5n)] })),
        ]),
      );
    }
  });
  afterAll(async () => {
    await stand.close();
    await rm(directory, { recursive: true });
  });

  interface Ran {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function run(...args: string[]): Promise<Ran> {
    // As the auditor, who may read and nothing else.
    const environment = stand.environment('auditor', 'postgres://none');
    const env = { PATH: process.env['PATH'], ...environment };
    const running = promisify(execFile)(process.execPath, [main, ...args], { env });
    return running.then(
      (done) => ({ code: 0, ...done }),
      (error: unknown) => error as Ran,
    );
  }

  async function audit(...args: string[]): Promise<{ code: number; report: Report }> {
    const { code, stdout, stderr } = await run(...args);
    if (stdout === '') throw new Error(stderr);
    return { code, report: JSON.parse(stdout) as Report };
  }

  it('holds for what the writer wrote', async () => {
    await eventually(async () => {
      const { code, report } = await audit('verify', '--json');
      expect(code).toBe(0);
      expect(report).toMatchObject({ events: 9, streams: 3, firstBad: null });
    });
    const { report } = await audit('verify', '--json', '--stream', 'application:llm');
    expect(report).toMatchObject({ events: 3, streams: 1, firstBad: null });
  });

  it('names a flipped byte in a copy', async () => {
    const copy = path.join(directory, 'copy.ndjson');
    expect((await audit('export', '--to', copy)).report).toEqual({ records: 21 });
    expect((await audit('verify', '--json', '--file', copy)).code).toBe(0);
    const lines = (await readFile(copy, 'utf8')).trimEnd().split('\n');
    const at = lines.findIndex((line) => line.includes('quota.events'));
    const line = JSON.parse(lines[at]!) as { value: string; offset: string; partition: number };
    for (const byte of [0, 2, 4, 20, -1]) {
      const value = Buffer.from(line.value, 'base64');
      const index = byte < 0 ? value.length + byte : byte;
      value.writeUInt8(value.readUInt8(index) ^ 1, index);
      const altered = JSON.stringify({ ...line, value: value.toString('base64') });
      await writeFile(copy, lines.with(at, altered).join('\n'));
      const { code, report } = await audit('verify', '--json', '--file', copy);
      expect(code, `byte ${byte}`).toBe(1);
      expect(report.firstBad, `byte ${byte}`).toMatchObject({
        partition: line.partition,
        offset: Number(line.offset),
      });
    }
  });

  it('holds against an anchor, and not against an anchor of another past', async () => {
    const anchor = path.join(directory, 'anchor.json');
    expect((await audit('anchor', '--to', anchor)).code).toBe(0);
    expect((await audit('verify', '--json', '--anchor', anchor)).code).toBe(0);
    const text = await readFile(anchor, 'utf8');
    await writeFile(anchor, text.replace(/"streamVersion": "3"/, '"streamVersion": "4"'));
    const { code, report } = await audit('verify', '--json', '--anchor', anchor);
    expect(code).toBe(1);
    expect(report.firstBad).toMatchObject({ streamVersion: 4, offset: null });
  });

  it('answers a person in words, and with JSON only when asked', async () => {
    const { code, stdout } = await run('verify');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        '9 events in 3 streams: the chain holds.\n' +
        'Blind window: 9 events that no anchor speaks of; cut off or written anew, they would not be missed.\n',
    });
  });

  it('does not say that the chain of a stream holds which nobody knows', async () => {
    const { code, stdout, stderr } = await run('verify', '--json', '--stream', 'application:nope');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('no event of a stream application:nope');
  });

  it('prints how it is used', async () => {
    const [asked, bare] = [await run('--help'), await run()];
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain('usage: audit verify');
    expect(bare.code).toBe(2);
    expect(bare.stderr).toContain('usage: audit verify');
  });

  it('exits with 2 when the check cannot be done', async () => {
    await expect(audit('verify', '--file', '/nowhere')).rejects.toThrow('ENOENT');
    await expect(audit('guess')).rejects.toThrow('usage');
  });
});
