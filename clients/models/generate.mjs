// Models of the service's schemas for an app in another language, by quicktype.
//
//     backend-api openapi | node clients/models/generate.mjs kotlin >Models.kt       kotlin, swift, dart, python
//
// Choices are texts: a service that learns another one breaks no app that was built before. What the description says of them is kept.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputData, JSONSchemaInput, quicktype } from 'quicktype-core';

const options = {
  kotlin: { framework: 'kotlinx', package: 'backendapi' },
  swift: { 'access-level': 'public', 'struct-or-class': 'struct', 'swift-5-support': true },
  dart: { 'null-safety': true },
  python: { 'python-version': '3.7', 'nice-property-names': true },
};
const passedOver = /^\/(v1\/callbacks|v1\/storage|v1\/files|dev)\//;

// Limits are the service's to judge; a date or an id is a text, since what a language makes of it may lose digits or refuse a later form.
const withoutModel = ['const', 'example', 'examples', 'pattern', 'format', 'default'];

// JSON Schema as quicktype reads it: definitions beside each other, choices as texts.
function plain(node) {
  if (Array.isArray(node)) return node.map(plain);
  if (node === null || typeof node !== 'object') return node;
  const { enum: choices, ...rest } = node;
  for (const name of withoutModel) delete rest[name];
  // A member may be called as a rule is.
  const kept = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key === 'properties'
        ? Object.fromEntries(Object.entries(value).map(([name, rules]) => [name, plain(rules)]))
        : plain(value),
    ]),
  );
  if (typeof kept.$ref === 'string') kept.$ref = kept.$ref.replace('#/components/schemas/', '#/definitions/');
  if (!choices) return kept;
  const said = choices.map((one) => `\`${one}\``).join(', ');
  return {
    ...kept,
    type: kept.type ?? 'string',
    description: [kept.description, `One of ${said}, or a later one.`].filter(Boolean).join(' '),
  };
}

function reach(node, schemas, found) {
  if (Array.isArray(node)) for (const one of node) reach(one, schemas, found);
  else if (node !== null && typeof node === 'object') {
    const name =
      typeof node.$ref === 'string' && node.$ref.startsWith('#/components/schemas/') ? node.$ref.slice(21) : undefined;
    if (name && !found.has(name)) reach(schemas[name], schemas, found.add(name));
    for (const value of Object.values(node)) reach(value, schemas, found);
  }
  return found;
}

// In Python a member with a default has none without behind it, which quicktype forgets of members of any type.
function withDefaults(lines) {
  let hasDefault = false;
  return lines.map((line) => {
    if (line.startsWith('class ')) hasDefault = false;
    if (/^ {4}\w+: .* = None$/.test(line)) hasDefault = true;
    return hasDefault && /^ {4}\w+: Any$/.test(line) ? `${line} = None` : line;
  });
}

/** The source text of all schemas that an app sends or gets. */
export async function modelsOf(document, language) {
  const { schemas } = document.components;
  const used = reach(
    Object.entries(document.paths).filter(([route]) => !passedOver.test(`${route}/`)),
    schemas,
    new Set(),
  );
  const definitions = Object.fromEntries([...used].sort().map((name) => [name, plain(schemas[name])]));
  const input = new JSONSchemaInput(undefined);
  // Each of them is a model of its own.
  await input.addSource({ name: 'Models', schema: JSON.stringify({ definitions }), uris: ['#/definitions/'] });
  const inputData = new InputData();
  inputData.addInput(input);
  const { lines } = await quicktype({
    inputData,
    lang: language,
    rendererOptions: options[language],
    combineClasses: false,
  });
  return `${(language === 'python' ? withDefaults(lines) : lines).join('\n').trimEnd()}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const language = process.argv[2] ?? '';
  if (!(language in options)) {
    console.error(`usage: node clients/models/generate.mjs ${Object.keys(options).join('|')} <openapi.json`);
    process.exit(2);
  }
  process.stdout.write(await modelsOf(JSON.parse(readFileSync(0, 'utf8')), language));
}
