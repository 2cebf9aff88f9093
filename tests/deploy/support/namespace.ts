// Commands as a container would run them, without one: in a mount namespace of their own, which ends with them. As root.
import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';

// What is in /run/secrets and /etc/hosts of the command; the process that begins is the command itself.
export function withSecrets(secrets: string, hosts: string, command: string[]): [string, string[]] {
  const script = [
    'set -e',
    'mount -t tmpfs -o mode=755 none /run',
    'mkdir /run/secrets',
    'cp -a "$1"/. /run/secrets/',
    'mount --bind "$2" /etc/hosts',
    'shift 2',
    'exec "$@"',
  ].join('\n');
  return ['unshare', ['--mount', 'bash', '-c', script, 'bash', secrets, hosts, ...command]];
}

export interface InRoot {
  root: string; // the image's files
  env: Record<string, string>;
  workdir: string;
  user: string; // UID:GID
  volumes?: Record<string, string>; // path in the image → folder of this machine
}

// A command of an image's root as an ordinary user, with the root mounted read-only and no privilege to be had.
export function inRoot({ root, env, workdir, user, volumes = {} }: InRoot, command: string[]): [string, string[]] {
  const script = [
    'set -e',
    'root=$1; user=$2; workdir=$3; shift 3',
    'mount --bind "$root" "$root"',
    'mount --bind /proc "$root/proc"',
    'mount --bind /dev "$root/dev"',
    'mount -t tmpfs -o mode=1777 none "$root/tmp"',
    'while [[ $1 != -- ]]; do mount --bind "$2" "$root$1"; shift 2; done',
    'shift',
    'mount -o remount,bind,ro "$root"',
    // The groups of whoever runs the test are not the container's.
    'exec setpriv --no-new-privs chroot --userspec="$user" --groups="${user#*:}" "$root" /usr/bin/env --ignore-environment --chdir="$workdir" "$@"',
  ].join('\n');
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const mounts = Object.entries(volumes).flat();
  return [
    'unshare',
    ['--mount', 'bash', '-c', script, 'bash', root, user, workdir, ...mounts, '--', ...variables, ...command],
  ];
}

export async function copyFolder(from: string, to: string, mode: number): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of await readdir(from)) {
    await copyFile(path.join(from, name), path.join(to, name));
    await chmod(path.join(to, name), mode);
  }
}
