// The units of deploy/systemd: systemd reads them, and says how much of the machine they leave open.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, repository } from '../e2e/support/environment.js';

const execute = promisify(execFile);
const folder = path.join(repository, 'deploy/systemd');
// Of 10, by systemd 252: below 2 it says OK. What is left is the network, which a server needs.
const mostExposed = 1.5;

const services = (await readdir(folder)).filter((name) => name.endsWith('.service')).sort();
const units = new Map<string, [string, string][]>();
const values = (unit: string, name: string) =>
  units
    .get(unit)!
    .filter(([key]) => key === name)
    .map(([, value]) => value);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'units-'));
  for (const name of await readdir(folder)) {
    const text = await readFile(path.join(folder, name), 'utf8');
    units.set(
      name,
      [...text.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key!, value!]),
    );
    // systemd looks whether the program is there.
    await writeFile(path.join(directory, name), text.replaceAll('/usr/local/bin/backend-api', environment.binary));
  }
});
afterAll(() => rm(directory, { recursive: true }));

test('systemd understands every line', async () => {
  const files = [...units.keys()].map((name) => path.join(directory, name));
  const { stdout, stderr } = await execute('systemd-analyze', ['verify', '--man=no', ...files]);
  expect(`${stdout}${stderr}`.split('\n').filter((line) => line.includes('backend-api'))).toEqual([]);
});

describe.each(services)('%s', (name) => {
  test('leaves little of the machine open', async () => {
    const { stdout } = await execute('systemd-analyze', [
      'security',
      '--offline=true',
      '--no-pager',
      path.join(folder, name),
    ]);
    const exposed = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)![1]);
    expect(exposed, stdout).toBeLessThanOrEqual(mostExposed);
  });

  test('runs as nobody in particular, with no privilege, and never again with settings that are wrong', () => {
    expect(values(name, 'User')).toEqual(['backend-api']);
    expect(values(name, 'NoNewPrivileges')).toEqual(['true']);
    expect(values(name, 'CapabilityBoundingSet')).toEqual(['']);
    if (name !== 'backend-api-migrate.service') expect(values(name, 'RestartPreventExitStatus')).toEqual(['78']);
  });

  test('may do what the processes that read pictures do', () => {
    expect(values(name, 'SystemCallFilter')[0]!.split(' ')).toContain('seccomp');
    expect(values(name, 'ProtectProc')).toEqual(['default']);
  });

  test('sees the owner of the database only where it migrates', () => {
    const files = values(name, 'EnvironmentFile').map((file) => path.basename(file));
    expect(files).toEqual(
      name === 'backend-api-migrate.service' ? ['environment', 'owner.environment'] : ['environment'],
    );
  });
});

// A file of variables wins over Environment=, and both processes read the same file.
test('server and worker have a management port each, whatever the file says', async () => {
  expect(values('backend-api.service', 'Environment')).toContain('MANAGEMENT_PORT=9090');
  const [command, ...rest] = values('backend-api-worker.service', 'ExecStart');
  expect(rest).toEqual([]);
  const [program, ...words] = command!.split(' ');
  const last = words.findIndex((word) => word.startsWith('/'));
  const { stdout } = await execute(program!, [...words.slice(0, last), 'printenv', 'MANAGEMENT_PORT'], {
    env: { ...process.env, MANAGEMENT_PORT: '9090' },
  });
  expect(stdout).toBe('9091\n');
});

test('the socket is the port of the server, which begins after the migrations', () => {
  expect(values('backend-api.socket', 'ListenStream')).toEqual(['8080']);
  expect(values('backend-api.service', 'Requires')).toEqual(['backend-api.socket']);
  expect(values('backend-api.service', 'Type')).toEqual(['notify']);
  for (const name of ['backend-api.service', 'backend-api-worker.service'])
    expect(values(name, 'After').join()).toContain('backend-api-migrate.service');
});
