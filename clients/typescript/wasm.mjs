// Compiles pos/arithmetic to WebAssembly, with the compiler of the service and Debian's library for wasm32.
//
//     import { arithmeticModule } from './wasm.mjs';      bytes; the second time they come out of .cache/wasm/
//     node clients/typescript/wasm.mjs FILE               writes them
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const cache = path.join(repository, '.cache/wasm');
const directory = 'pos/arithmetic';
const sources = ['rounding', 'sale', 'return', 'packed', 'wasm'].map((name) => `${directory}/${name}.cpp`);
const compiler = 'clang++-19';
const flags =
  '--target=wasm32-wasi -mexec-model=reactor -std=c++20 -Oz -fno-exceptions -fno-rtti -Wl,--strip-all -I.'.split(' ');

function fingerprint() {
  const hash = createHash('sha256').update([compiler, ...flags].join(' '));
  hash.update(execFileSync(compiler, ['--version']));
  const headers = readdirSync(path.join(repository, directory)).filter((name) => name.endsWith('.h'));
  for (const file of [...sources, ...headers.sort().map((name) => `${directory}/${name}`)])
    hash.update(file).update(readFileSync(path.join(repository, file)));
  return hash.digest('hex').slice(0, 32);
}

export function arithmeticModule() {
  const kept = path.join(cache, `${fingerprint()}.wasm`);
  try {
    return readFileSync(kept);
  } catch {
    // Not compiled yet.
  }
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(path.join(cache, 'compiling-'));
  const made = path.join(own, 'arithmetic.wasm');
  try {
    execFileSync(compiler, [...flags, ...sources, '-o', made], {
      cwd: repository,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    renameSync(made, kept);
  } catch (error) {
    const said = String(error.stderr ?? error);
    const hint = /file not found|cannot open|no such file/i.test(said)
      ? '\n`bin/setup test` installs what is missing.'
      : '';
    throw new Error(`pos/arithmetic does not compile to WebAssembly: ${said}${hint}`, { cause: error });
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return readFileSync(kept);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(process.argv[2], arithmeticModule());
