// Writes dist/: what a web server gives out as it is, under any path.
//
//     node examples/till/build.mjs [FOLDER]                                 FOLDER in the place of dist/
//     API_URL=https://api.example node examples/till/build.mjs              an API of another origin; it must allow ours (CORS_ORIGINS)
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { arithmeticModule } from '../../clients/typescript/wasm.mjs';

const source = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src');
const dist = path.join(source, '../dist');

// The SDK's sources are bundled as they are; this is what its build adds to them. With the package of a registry neither is needed.
const arithmetic = {
  name: 'arithmetic',
  setup(bundling) {
    const contents = `export const wasmBase64 = '${arithmeticModule().toString('base64')}';`;
    bundling.onResolve({ filter: /^\.\/module\.js$/ }, ({ path: file }) => ({ path: file, namespace: 'arithmetic' }));
    bundling.onLoad({ filter: /./, namespace: 'arithmetic' }, () => ({ contents }));
  },
};

/** @param {string} [target] @param {string} [apiUrl] Empty: the origin that the till comes from. */
export async function build(target = dist, apiUrl = '') {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const common = { bundle: true, minify: true, target: ['chrome109', 'firefox115', 'safari16'], logLevel: 'warning' };
  const files = { entryPoints: ['main.ts', 'style.css'].map((name) => path.join(source, name)), outdir: target };
  const define = { API_URL: JSON.stringify(apiUrl) };
  await bundle({ ...common, ...files, define, format: 'esm', sourcemap: true, plugins: [arithmetic] });
  for (const name of ['icon.svg', 'icon-192.png', 'icon-512.png', 'manifest.webmanifest'])
    copyFileSync(path.join(source, name), path.join(target, name));
  const page = readFileSync(path.join(source, 'index.html'), 'utf8');
  writeFileSync(
    path.join(target, 'index.html'),
    page.replaceAll('API_URL', apiUrl).replaceAll('WS_URL', apiUrl.replace(/^http/, 'ws')),
  );

  // Another byte anywhere is another version of the whole.
  const shell = readdirSync(target).filter((name) => !name.endsWith('.map'));
  const hash = createHash('sha256');
  for (const name of shell.sort()) hash.update(name).update(readFileSync(path.join(target, name)));
  const version = { VERSION: JSON.stringify(hash.digest('hex').slice(0, 12)), SHELL: JSON.stringify(shell) };
  await bundle({ ...common, entryPoints: [path.join(source, 'worker.ts')], outdir: target, define: version });
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await build(process.argv[2] && path.resolve(process.argv[2]), process.env.API_URL);
