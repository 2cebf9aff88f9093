// Types of the service's OpenAPI document, and the little that a client must know of it at run time.
//
//     backend-api openapi | node clients/typescript/generate.mjs            writes src/generated/
//     backend-api openapi | node clients/typescript/generate.mjs --check    exits 1 when that would change something
//
// Choices of a reply are open (`Open<'completed' | 'voided'>`): a service that learns a third one breaks no app that was built before.
// Choices of a request are closed. Each operation names the problem codes that it documents.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src/generated');
const head = '// Written by clients/typescript/generate.mjs from the OpenAPI document.\n';
// What providers of payments and messages call, and what a signed URL leads to: no part of an app.
const passedOver = /^\/(v1\/callbacks|v1\/storage|v1\/files)\//;

const document = JSON.parse(readFileSync(0, 'utf8'));
const schemas = document.components.schemas;
const quoted = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name.replaceAll("'", "\\'")}'`);
const nameOf = (ref) => ref.slice(ref.lastIndexOf('/') + 1);
const resolve = (node) =>
  node.$ref
    ? node.$ref
        .slice(2)
        .split('/')
        .reduce((from, key) => from[key], document)
    : node;

function comment(text, indent) {
  if (!text) return '';
  const lines = text
    .replaceAll('*/', '* /')
    .trim()
    .split(/\s*\n\s*/);
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */\n`
    : `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

// Names of the schemas below a node, into `found`.
function reach(node, found) {
  if (Array.isArray(node)) for (const one of node) reach(one, found);
  else if (node !== null && typeof node === 'object') {
    if (typeof node.$ref === 'string' && node.$ref.startsWith('#/components/schemas/')) {
      const name = nameOf(node.$ref);
      if (!found.has(name)) reach(schemas[name], found.add(name));
    }
    for (const [key, value] of Object.entries(node)) if (key !== 'examples' && key !== 'example') reach(value, found);
  }
  return found;
}

function typeOf(node, open, indent = '') {
  if (node === undefined || node === true) return 'unknown';
  if (node.$ref) {
    const name = nameOf(node.$ref);
    return open && schemas[name].enum ? `Open<${name}>` : name;
  }
  if (node.anyOf ?? node.oneOf) return (node.anyOf ?? node.oneOf).map((one) => typeOf(one, open, indent)).join(' | ');
  if (node.enum) {
    const values = node.enum.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(' | ');
    return open ? `Open<${values}>` : values;
  }
  if (Array.isArray(node.type)) return node.type.map((type) => typeOf({ ...node, type }, open, indent)).join(' | ');
  switch (node.type) {
    case 'string':
      return node.format === 'binary' ? 'Blob' : 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array': {
      const item = typeOf(node.items, open, indent);
      return /[ |]/.test(item) && !item.startsWith('{') && !item.startsWith('Open<') ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      return objectOf(node, open, indent);
    default:
      return 'unknown';
  }
}

function objectOf(node, open, indent) {
  const members = Object.entries(node.properties ?? {});
  if (members.length === 0) {
    const values =
      typeof node.additionalProperties === 'object' ? typeOf(node.additionalProperties, open, indent) : 'unknown';
    return `Record<string, ${values}>`;
  }
  const required = new Set(node.required ?? []);
  const inner = `${indent}  `;
  const lines = members.map(
    ([name, rules]) =>
      `${comment(rules.description, inner)}${inner}${quoted(name)}${required.has(name) ? '' : '?'}: ${typeOf(rules, open, inner)};\n`,
  );
  return `{\n${lines.join('')}${indent}}`;
}

function parametersOf(operation, place) {
  const found = (operation.parameters ?? []).map(resolve).filter((one) => one.in === place);
  if (found.length === 0) return undefined;
  return `{ ${found.map((one) => `${quoted(one.name)}${one.required ? '' : '?'}: ${typeOf(one.schema, false)}`).join('; ')} }`;
}

function bodyOf(operation) {
  const content = operation.requestBody && resolve(operation.requestBody).content;
  if (!content) return undefined;
  const json = content['application/json'];
  if (json) return typeOf(json.schema, false);
  return 'multipart/form-data' in content ? 'FormData | Blob | Uint8Array' : 'Blob | Uint8Array';
}

function replyOf(operation) {
  const types = new Set();
  for (const [status, reply] of Object.entries(operation.responses)) {
    if (!status.startsWith('2')) continue;
    const content = resolve(reply).content ?? {};
    const kinds = Object.keys(content);
    if (kinds.length === 0) types.add('undefined');
    for (const kind of kinds)
      types.add(
        kind.includes('json') ? typeOf(content[kind].schema, true) : kind.startsWith('text/') ? 'string' : 'Blob',
      );
  }
  return [...types].join(' | ') || 'undefined';
}

function codesOf(operation) {
  const codes = new Set();
  for (const reply of Object.values(operation.responses).map(resolve))
    for (const code of Object.keys(reply.content?.['application/problem+json']?.examples ?? {}))
      if (code in document['x-problems']) codes.add(code);
  return codes;
}

const operations = Object.entries(document.paths)
  .filter(([route]) => !passedOver.test(route))
  .flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${route}`,
      method,
      route,
      operation,
      codes: codesOf(operation),
    })),
  );

// What nearly every operation answers is said once.
const common = Object.keys(document['x-problems']).filter(
  (code) => operations.filter(({ codes }) => codes.has(code)).length > operations.length * 0.6,
);

function operationText({ name, operation, codes }) {
  const own = [...codes].filter((code) => !common.includes(code)).map((code) => `'${code}'`);
  const members = {
    path: parametersOf(operation, 'path'),
    query: parametersOf(operation, 'query'),
    body: bodyOf(operation),
    versioned: (operation.parameters ?? []).some((one) => one.name === 'If-Match') ? 'true' : undefined,
    reply: replyOf(operation),
    problems: ['CommonCode', ...own].join(' | '),
  };
  const lines = Object.entries(members).flatMap(([key, type]) => (type ? [`    ${key}: ${type};\n`] : []));
  return `${comment(operation.summary, '  ')}  '${name}': {\n${lines.join('')}  };\n`;
}

const inReplies = reach(
  operations.map(({ operation }) => Object.values(operation.responses).map(resolve)).concat([document.webhooks ?? {}]),
  new Set(),
);
const used = reach(operations.map(({ operation }) => operation).concat([document.webhooks ?? {}]), new Set(inReplies));

function schemaText(name) {
  const schema = schemas[name];
  const text = comment(schema.description, '');
  if (schema.type === 'object' && schema.properties)
    return `${text}export interface ${name} ${objectOf(schema, inReplies.has(name), '')}\n`;
  return `${text}export type ${name} = ${typeOf(schema, false)};\n`;
}

function eventText([name, { post }]) {
  const schema = resolve(Object.values(post.requestBody.content)[0].schema);
  return `${comment(post.summary, '  ')}  '${name}': ${typeOf(schema.properties?.data, true, '  ')};\n`;
}

const union = (codes) => codes.map((code) => `\n  | '${code}'`).join('');
const types = `${head}
/** A choice to which a later version of the service may add. */
export type Open<Known extends string> = Known | (string & {});

/** What nearly every operation may answer. */
export type CommonCode =${union(common)};

/** All problem codes of the service. */
export type ProblemCode =${union(Object.keys(document['x-problems']))};

export interface Operations {
${operations.map(operationText).join('')}}

/** What webhooks carry, by \`type\`. */
export interface WebhookEvents {
${Object.entries(document.webhooks ?? {})
  .map(eventText)
  .join('')}}

${Object.keys(schemas)
  .filter((name) => used.has(name))
  .map(schemaText)
  .join('\n')}`;

const posts = operations.filter(({ method }) => method === 'post');
const keyed = posts.filter(({ operation }) => operation.parameters?.some((one) => one.name === 'Idempotency-Key'));
const bodyHas = ({ operation }, member) => {
  const schema = operation.requestBody && resolve(operation.requestBody).content['application/json']?.schema;
  return schema !== undefined && resolve(schema).required?.includes(member);
};
// What only this operation says. Few members, since one that a later document adds would make an older service seem a stranger.
function promisedBy({ operation }) {
  const reply = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))[1];
  const { required = [] } = resolve(resolve(reply).content['application/json'].schema);
  const own = required.filter((name) => name === 'id' || name === 'clientRequestId');
  return own.length > 0 ? own : required.slice(0, 2);
}
const others = keyed.map((one) => [one.route, promisedBy(one)]).filter(([, members]) => members.join() !== 'id');
const quotedList = (members) => `[${members.map((name) => `'${name}'`).join(', ')}]`;
const list = (found) => found.map(({ route }) => `\n  '${route}',`).join('');
const tables = `${head}
/** POSTs that may be repeated with the same \`Idempotency-Key\`. */
export const keyed: readonly string[] = [${list(keyed)}
];

/** Those whose body carries the key, as \`clientRequestId\`. */
export const identified = [${list(keyed.filter((one) => bodyHas(one, 'clientRequestId')))}
] as const;

/** What a good reply of \`keyed\` has, where it is not an \`id\` alone. */
export const promised: Record<string, readonly string[]> = {
${others.map(([route, members]) => `  '${route}': ${quotedList(members)},\n`).join('')}};
`;

let stale = false;
for (const [file, text] of [
  ['api.ts', types],
  ['tables.ts', tables],
]) {
  const target = path.join(directory, file);
  let present = '';
  try {
    present = readFileSync(target, 'utf8');
  } catch {
    // Not there yet.
  }
  if (present === text) continue;
  if (process.argv.includes('--check')) {
    stale = true;
    console.error(`clients/typescript/src/generated/${file} is not what the OpenAPI document says; run bin/docs`);
  } else {
    writeFileSync(target, text);
    console.log(`wrote clients/typescript/src/generated/${file}`);
  }
}
process.exitCode = stale ? 1 : 0;
