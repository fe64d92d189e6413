/** A real API server with its etcd, on this machine, as long as a test needs it. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  access,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { guardedRequest } from '@prorata/service-runtime';
import { hasGo, hasProgram, toolsFolder } from '../goProgram.ts';

const run = promisify(execFile);
const VERSION = '1.34.1';
const KEPT = path.join(toolsFolder, `kubernetes-${VERSION}`);
/** From an empty module cache, with one processor and others at work on it, milliseconds. */
export const BUILD_MS_MAX = 3_600_000;
const READY_MS_MAX = 120_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

export interface ApiServer {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
  /** @returns the status and what it says */
  ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    place: string,
    body?: object,
    type?: string,
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>;
  stop(): Promise<void>;
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** What this machine lacks; null: nothing, or it is built already. */
export async function whatIsMissing(): Promise<string | null> {
  const isBuilt = await isThere(path.join(KEPT, 'kube-apiserver'));
  if (!isBuilt && !(await hasGo())) return 'There is no Go to build the API server with.';
  const hasEtcd =
    (await isThere(path.join(KEPT, 'etcd'))) ||
    (await hasProgram('etcd', '--version')) ||
    (await hasProgram('apt-get', '--version'));
  return hasEtcd ? null : 'There is no etcd, and no apt-get to fetch it with.';
}

/** Builds what is not kept from an earlier time: minutes. */
export async function builtPrograms(): Promise<{ apiServer: string; etcd: string }> {
  await mkdir(KEPT, { recursive: true });
  const apiServer = path.join(KEPT, 'kube-apiserver');
  if (!(await isThere(apiServer))) await buildApiServer(apiServer);
  return { apiServer, etcd: await foundEtcd() };
}

/** One package at a time: more would take all of a small machine's memory. */
async function buildApiServer(program: string): Promise<void> {
  const name = 'k8s.io/component-base/version';
  const [major, minor] = VERSION.split('.');
  const version = `-X ${name}.gitVersion=v${VERSION} -X ${name}.gitMajor=${major} -X ${name}.gitMinor=${minor}`;
  const flags = ['-mod=readonly', '-p', '1', '-trimpath', '-ldflags', `-s -w ${version}`];
  await run('go', ['build', ...flags, '-o', program, 'k8s.io/kubernetes/cmd/kube-apiserver'], {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: BUILD_MS_MAX,
  });
}

/** Debian's package unpacked, not installed: no service begins with it. */
async function foundEtcd(): Promise<string> {
  const kept = path.join(KEPT, 'etcd');
  if (await isThere(kept)) return kept;
  if (await hasProgram('etcd', '--version')) return 'etcd';
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-etcd-'));
  await run('apt-get', ['download', 'etcd-server'], { cwd: folder });
  const [archive = ''] = await readdir(folder);
  await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: folder });
  await copyFile(path.join(folder, 'unpacked/usr/bin/etcd'), kept);
  await rm(folder, { recursive: true });
  return kept;
}

export async function startApiServer(): Promise<ApiServer> {
  const { apiServer, etcd } = await builtPrograms();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prorata-cluster-'));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomUUID();
  const key = path.join(folder, 'accounts.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  await writeFile(key, privateKey.export({ type: 'pkcs1', format: 'pem' }));
  await writeFile(path.join(folder, 'tokens'), `${token},admin,1,system:masters\n`);
  const store = begun(etcd, etcdFlags(folder, client, peer), folder);
  const server = begun(apiServer, serverFlags(folder, key, client, port), folder);
  const stop = async (): Promise<void> => {
    await ended(server);
    await ended(store);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await ready(
      `https://127.0.0.1:${port}`,
      path.join(folder, 'certs/apiserver.crt'),
      token,
      stop,
    );
  } catch (error) {
    await stop();
    throw error;
  }
}

function etcdFlags(folder: string, client: number, peer: number): string[] {
  const own = `http://127.0.0.1:${client}`;
  const others = `http://127.0.0.1:${peer}`;
  return [
    `--data-dir=${path.join(folder, 'etcd')}`,
    `--listen-client-urls=${own}`,
    `--advertise-client-urls=${own}`,
    `--listen-peer-urls=${others}`,
    `--initial-advertise-peer-urls=${others}`,
    `--initial-cluster=default=${others}`,
    '--unsafe-no-fsync',
  ];
}

/** Without controllers there are no service accounts, so that pods must be let in without. */
function serverFlags(folder: string, key: string, etcd: number, port: number): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${path.join(folder, 'certs')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    `--token-auth-file=${path.join(folder, 'tokens')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
    '--enable-priority-and-fairness=false',
  ];
}

function begun(program: string, flags: readonly string[], cwd: string): ChildProcess {
  return spawn(program, flags, { cwd, stdio: 'ignore' });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(
  url: string,
  certificate: string,
  token: string,
  stop: () => Promise<void>,
): Promise<ApiServer> {
  const until = Date.now() + READY_MS_MAX;
  for (;;) {
    const ca = await readFile(certificate, 'utf8').catch(() => '');
    const server = { url, ca, token, ask: asking(url, ca, token), stop };
    const status =
      ca === ''
        ? 0
        : await server.ask('GET', 'readyz').then(
            ({ status }) => status,
            () => 0,
          );
    if (status === 200) return server;
    if (Date.now() > until) throw new Error('The API server is not ready.');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function asking(url: string, ca: string, token: string): ApiServer['ask'] {
  return async (method, place, body, type = 'application/json') => {
    const { status, text } = await guardedRequest({
      url: new URL(place, `${url}/`),
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ca,
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: AbortSignal.timeout(30_000),
    });
    const isJson = text.startsWith('{');
    return { status, body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
  };
}
