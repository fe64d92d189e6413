import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { dataDirectory } from './checkout.ts';

const run = promisify(execFile);
const PACKAGES = ['confluent-kafka[avro,schemaregistry]==2.16.0', 'cryptography==50.0.2'];
const INSTALL_MS = 240_000;

/** A Python with a Kafka client, and Ed25519, that share no code with ours, or the reason why there is none. */
export async function pythonClient(): Promise<{ python: string } | { missing: string }> {
  const directory = path.join(
    dataDirectory,
    'python',
    'confluent-kafka-2.16.0-cryptography-50.0.2',
  );
  const python = path.join(directory, 'bin', 'python');
  if ((await stat(python).catch(() => null)) !== null) return { python };
  const found = await run('python3', ['--version']).catch(() => null);
  if (found === null) return { missing: 'there is no python3 on this machine' };
  // Made beside and renamed: an interrupted install leaves nothing that looks whole.
  const staging = `${directory}.${String(process.pid)}`;
  await mkdir(path.dirname(directory), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', staging]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
    await run(path.join(staging, 'bin', 'python'), pip, { timeout: INSTALL_MS });
    await rename(staging, directory);
    return { python };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `python3 could not get its Kafka client: ${why ?? ''}` };
  }
}
