// Writes dist/: ES modules and their types, the same as CommonJS, and the arithmetic as WebAssembly.
//
//     node clients/typescript/build.mjs [FOLDER]      FOLDER in the place of dist/
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { arithmeticModule } from './wasm.mjs';

const { default: ts } = await import('typescript').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('TypeScript is not there: `bin/setup test` installs what is missing.');
  process.exit(1);
});

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(here, 'dist'));
const files = (directory) =>
  readdirSync(directory, { recursive: true }).map((name) => path.join(directory, String(name)));

rmSync(target, { recursive: true, force: true });
const esm = path.join(target, 'esm');
const { config } = ts.readConfigFile(path.join(here, 'tsconfig.json'), (file) => readFileSync(file, 'utf8'));
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, here, { outDir: esm });
const program = ts.createProgram(fileNames, options);
const found = ts.getPreEmitDiagnostics(program).concat(program.emit().diagnostics);
if (found.length > 0) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => here, getNewLine: () => '\n' };
  console.error(ts.formatDiagnostics(found, host));
  process.exit(1);
}

// In a module of its own as text: every bundler takes it, and nothing has to be fetched.
const wasm = arithmeticModule();
writeFileSync(path.join(target, 'arithmetic.wasm'), wasm);
writeFileSync(path.join(esm, 'arithmetic/module.js'), `export const wasmBase64 = '${wasm.toString('base64')}';\n`);

const cjs = path.join(target, 'cjs');
for (const file of files(esm).filter((name) => statSync(name).isFile())) {
  const to = path.join(cjs, path.relative(esm, file));
  mkdirSync(path.dirname(to), { recursive: true });
  if (file.endsWith('.d.ts')) cpSync(file, to);
  else if (file.endsWith('.js')) {
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2021 },
    });
    writeFileSync(to, outputText);
  }
}
writeFileSync(path.join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
