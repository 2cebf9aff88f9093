// node generate_scripts.mjs PACKAGE LIST OUTPUT: writes OUTPUT/bullmq_scripts.{h,cpp} out of the Lua of the npm package bullmq.
// PACKAGE is its folder, LIST names the scripts we call, a `<name>-<number of keys>` a line. A script that is not there, or not
// with as many keys, ends the build: key counts change within a major version. The text is taken byte for byte, so that its
// SHA-1 is the one that Node clients of the same version use and Redis keeps one copy.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [folder, list, output] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
const delimiter = 'lua';

function fail(message) {
  console.error(
    `bullmq ${version}: ${message}. Is package.json's version the one that src/jobs/scripts.txt was written for?`,
  );
  process.exit(1);
}

function raw(text) {
  if (text.includes(`)${delimiter}"`)) fail(`a text holds )${delimiter}", which ends a C++ raw string`);
  return `R"${delimiter}(${text})${delimiter}"`;
}

function readScript(entry) {
  const [name, keys] = entry.split('-');
  const file = `${folder}/dist/cjs/scripts/${entry}.js`;
  if (!existsSync(file)) fail(`there is no script ${name} with ${keys} keys`);
  const source = readFileSync(file, 'utf8');
  const [, lua] = /const content = `([^`]*)`;\n/.exec(source) ?? fail(`${entry}.js holds no template literal`);
  // What JavaScript would change in a template literal, C++ would not.
  if (/[\\\u0080-\uffff]|\$\{/.test(lua)) fail(`${entry}.js holds an escape, a substitution or a letter beyond ASCII`);
  if (!source.includes(`keys: ${keys},`)) fail(`${entry}.js does not say ${keys} keys`);
  const identifier = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { name, keys, lua, identifier, sha1: createHash('sha1').update(lua).digest('hex') };
}

const scripts = readFileSync(list, 'utf8').split('\n').filter(Boolean).map(readScript);

const header = `#pragma once
// The Lua of bullmq ${version} (MIT), made by src/jobs/generate_scripts.mjs. Constant: any thread.

#include <string_view>

#include "redis/command.h"

namespace jobs::bullmq {
inline constexpr std::string_view version = "${version}";
// The package's licence, which whoever ships the program must ship too.
[[nodiscard]] std::string_view licence();

${scripts.map(({ identifier }) => `[[nodiscard]] const redis::Script& ${identifier}();`).join('\n')}
}  // namespace jobs::bullmq
`;

const source = `#include "bullmq_scripts.h"

namespace jobs::bullmq {
std::string_view licence() { return ${raw(readFileSync(`${folder}/LICENSE`, 'utf8'))}; }
${scripts
  .map(
    ({ name, keys, lua, identifier, sha1 }) => `
const redis::Script& ${identifier}() {
    static const redis::Script script{"${name}", ${raw(lua)}, "${sha1}", ${keys}};
    return script;
}`,
  )
  .join('\n')}
}  // namespace jobs::bullmq
`;

mkdirSync(output, { recursive: true });
writeFileSync(`${output}/bullmq_scripts.h`, header);
writeFileSync(`${output}/bullmq_scripts.cpp`, source);
