import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdingOf } from '../checksum.ts';
import { TargetChanged, TargetRefused } from '../dispatcher.ts';
import type { Place, TargetAccess } from '../dispatcher.ts';
import { rulesFormat } from '../rules/rulesFormat.ts';
import { ratePerSecond, resource } from '../testing/dispatchedSets.ts';
import { dispatcherContract } from '../testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../testing/dispatcher.contract.ts';
import { noAccess } from '../testing/targetAccess.ts';
import { fileDispatcher } from './fileDispatcher.ts';

const dispatcher = {
  name: 'rules',
  kind: 'file',
  target: 'etc/limits.json',
  secretRef: null,
  settings: null,
} as const;

async function open(): Promise<
  TargetUnderTest & { readonly folder: string; access: TargetAccess }
> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-file-'));
  const file = path.join(directory, 'moka', 'etc', 'limits.json');
  const access = { ...noAccess, directory };
  let writes = 0;
  let isReachable = true;
  const place = (): Place => {
    const real = fileDispatcher.place(dispatcher, access);
    const away = fileDispatcher.place(dispatcher, noAccess);
    const now = (): Place => (isReachable ? real : away);
    return {
      read: (signal) => now().read(signal),
      async write(text, former, signal) {
        await now().write(text, former, signal);
        writes++;
      },
    };
  };
  return {
    folder: path.dirname(file),
    access,
    place,
    holds: () => readFile(file, 'utf8').catch(() => null),
    writes: () => writes,
    changeIt: () => writeFile(file, 'something else'),
    setReachable: (value) => void (isReachable = value),
    close: () => rm(directory, { recursive: true }),
  };
}

dispatcherContract('A file', {
  dispatcher,
  format: rulesFormat,
  resources: [resource('tokens', 'rate', 'token')],
  limits: (amount) => [ratePerSecond('tokens', amount)],
  open,
  secrets: [],
});

describe('a file', () => {
  const signal = new AbortController().signal;

  it('has the mode that its settings say, and nothing half written beside it', async () => {
    const { folder, access, close } = await open();
    const terms = { ...dispatcher, settings: '{"mode":"0600"}' };
    await mkdir(folder, { recursive: true });
    const left = path.join(folder, '.limits.json.0.part');
    await writeFile(left, 'half');
    await utimes(left, 0, 0);
    await fileDispatcher.place(terms, access).write('whole', holdingOf(null), signal);
    expect(await readdir(folder)).toEqual(['limits.json']);
    expect((await stat(path.join(folder, 'limits.json'))).mode & 0o777).toBe(0o600);
    await close();
  });

  it('is not written over what somebody else wrote a moment ago', async () => {
    const { folder, access, close } = await open();
    const place = fileDispatcher.place(dispatcher, access);
    await place.write('ours', holdingOf(null), signal);
    await writeFile(path.join(folder, 'limits.json'), 'theirs');
    await expect(place.write('newer', holdingOf('ours'), signal)).rejects.toThrow(TargetChanged);
    expect(await readdir(folder)).toEqual(['limits.json']);
    await close();
  });

  it('is refused where the operator gives no folder, and where a folder stands', async () => {
    const { folder, access, close } = await open();
    const nowhere = fileDispatcher.place(dispatcher, noAccess);
    await expect(nowhere.read(signal)).rejects.toThrow('PRORATA_DISPATCH_DIRECTORY');
    await mkdir(path.join(folder, 'limits.json'), { recursive: true });
    const place = fileDispatcher.place(dispatcher, access);
    await expect(place.read(signal)).rejects.toThrow(TargetRefused);
    await close();
  });
});
