// Samples for each operation of the service's OpenAPI document, in seven languages: docs/samples/, a page a tag.
//
//     backend-api openapi | node clients/samples/generate.mjs            writes docs/samples/
//     backend-api openapi | node clients/samples/generate.mjs --check    exits 1 when that would change something
//
// They send the document's own examples, which are requests of the demo shop.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(here, '../../docs/samples');
// What providers call, what a signed URL leads to, what is there in development alone, and what the vendor's libraries call, each of which
// signs its requests.
const passedOver = /^\/(v1\/callbacks|v1\/storage|v1\/files|dev|apps?)\//;
const file = 'picture.jpg';

/**
 * @typedef {object} Asked What a sample sends.
 * @property {string} method
 * @property {string} route As in the document.
 * @property {string} target With its parameters.
 * @property {boolean} secured Whether it needs a session.
 * @property {boolean} keyed Whether a key goes along, in a header of its own.
 * @property {number} [version] Of If-Match.
 * @property {Record<string, string>} headers What else has to be there.
 * @property {unknown} [body]
 * @property {string} [binary] The media type of a body that is a file.
 * @property {Record<string, unknown>} parameters
 * @property {Record<string, unknown>} query
 */

const indented = (text, by) => text.replaceAll('\n', `\n${' '.repeat(by)}`);
// Short ones on one line.
const json = (value) => {
  const short = JSON.stringify(value);
  return short.length <= 80 ? short : JSON.stringify(value, null, 2);
};
const entries = (object, pair) => Object.entries(object).map(([name, value]) => pair(name, value));
const entriesAsText = (object) => Object.fromEntries(entries(object, (name, value) => [name, String(value)]));
const present = (...parts) => parts.filter((part) => part !== undefined && part !== '');

/** @type {Record<string, {title: string, fence: string, begin: string, run: boolean, needs?: string, write: (asked: Asked) => string}>} */
export const languages = {
  curl: {
    title: 'curl',
    fence: 'sh',
    begin: 'begin.sh',
    run: true,
    write: ({ method, target: to, secured, keyed, version, headers, body, binary }) => {
      const type = binary ?? (body === undefined ? undefined : 'application/json');
      const data = binary ? `--data-binary @${file}` : body === undefined ? undefined : '--data-binary @-';
      const options = present(
        method === 'GET' || (method === 'POST' && data) ? undefined : `-X ${method}`,
        secured ? '-H "Authorization: Bearer $TOKEN"' : undefined,
        keyed ? '-H "Idempotency-Key: $(new_key)"' : undefined,
        version === undefined ? undefined : `-H 'If-Match: "${version}"'`,
        ...entries(headers, (name, value) => `-H '${name}: ${value}'`),
        type ? `-H 'Content-Type: ${type}'` : undefined,
        data,
      );
      const lines = [`curl "$BASE_URL${to}"`, ...options].join(' \\\n  ');
      return binary || body === undefined ? lines : `${lines} <<'JSON'\n${json(body)}\nJSON`;
    },
  },
  typescript: {
    title: 'TypeScript',
    fence: 'ts',
    begin: 'begin.ts',
    run: true,
    needs: '[clients/typescript](../../clients/typescript/README.md)',
    write: ({ method, route, parameters, query, version, headers, body, binary }) => {
      const name = method.toLowerCase();
      const untyped = Object.keys(headers).length > 0 || !['get', 'post', 'patch', 'delete'].includes(name);
      const members = present(
        Object.keys(parameters).length > 0 ? `path: ${JSON.stringify(parameters)}` : undefined,
        Object.keys(query).length > 0 ? `query: ${JSON.stringify(query)}` : undefined,
        version === undefined ? undefined : `version: ${version}`,
        Object.keys(headers).length > 0 || (untyped && binary)
          ? `headers: ${JSON.stringify({ ...headers, ...(binary && { 'Content-Type': binary }) })}`
          : undefined,
        binary
          ? `body: await readFile('${file}')`
          : body === undefined
            ? undefined
            : `body: ${indented(json(body), 2)}`,
      );
      const head = binary ? "import { readFile } from 'node:fs/promises';\n\n" : '';
      const options = members.length > 0 ? `{\n  ${members.join(',\n  ')},\n}` : '';
      const given = present(untyped ? `'${method}'` : undefined, `'${route}'`, options).join(', ');
      return `${head}const reply = await api.${untyped ? 'call' : name}(${given});`;
    },
  },
  kotlin: {
    title: 'Kotlin',
    fence: 'kotlin',
    begin: 'begin.kt',
    run: false,
    needs: 'OkHttp 4',
    write: (asked) => {
      const text = () => `"""${json(asked.body).replaceAll('$', "${'$'}")}""".toByteArray()`;
      return `val (status, reply) = call(${given(asked, {
        quoted: (value) => JSON.stringify(value).replaceAll('$', '\\$'),
        named: ' = ',
        key: 'newKey()',
        file: `File("${file}").readBytes()`,
        text,
        map: (pairs) => `mapOf(${pairs.map(([name, value]) => `"${name}" to "${value}"`).join(', ')})`,
      })})`;
    },
  },
  swift: {
    title: 'Swift',
    fence: 'swift',
    begin: 'begin.swift',
    run: false,
    needs: 'Swift 5.9',
    write: (asked) =>
      `let (status, reply) = try await call(${given(asked, {
        quoted: (value) => JSON.stringify(value),
        named: ': ',
        key: 'newKey()',
        file: `try Data(contentsOf: URL(fileURLWithPath: "${file}"))`,
        text: () => `Data(#"""\n${json(asked.body)}\n"""#.utf8)`,
        map: (pairs) => `[${pairs.map(([name, value]) => `"${name}": "${value}"`).join(', ')}]`,
      })})`,
  },
  dart: {
    title: 'Dart',
    fence: 'dart',
    begin: 'begin.dart',
    run: false,
    needs: 'Dart 3, packages http and uuid',
    write: (asked) =>
      `final (status, reply) = await call(${given(asked, {
        quoted: (value) => `'${value}'`,
        named: ': ',
        key: 'newKey()',
        file: `await File('${file}').readAsBytes()`,
        text: () => `utf8.encode(r'''${json(asked.body)}''')`,
        map: (pairs) => `{${pairs.map(([name, value]) => `'${name}': '${value}'`).join(', ')}}`,
      })});`,
  },
  php: {
    title: 'PHP',
    fence: 'php',
    begin: 'begin.php',
    run: true,
    needs: 'PHP 8.1',
    write: (asked) =>
      `[$status, $reply] = call(${given(asked, {
        quoted: (value) => `'${value}'`,
        named: ': ',
        key: 'new_key()',
        file: `file_get_contents('${file}')`,
        text: () => `<<<'JSON'\n${json(asked.body)}\nJSON`,
        map: (pairs) => `[${pairs.map(([name, value]) => `'${name}' => '${value}'`).join(', ')}]`,
      })});`,
  },
  python: {
    title: 'Python',
    fence: 'python',
    begin: 'begin.py',
    run: true,
    needs: 'Python 3.8',
    write: (asked) =>
      `status, reply = call(${given(asked, {
        quoted: (value) => JSON.stringify(value),
        named: '=',
        key: 'uuid.uuid4()',
        file: `pathlib.Path("${file}").read_bytes()`,
        text: () => `r"""${json(asked.body)}"""`,
        map: (pairs) => `{${pairs.map(([name, value]) => `"${name}": "${value}"`).join(', ')}}`,
        snake: true,
      })})`,
  },
};

// The arguments of `call` of begin.*, which is the same in five languages but for its spelling.
function given(
  { method, target: to, keyed, version, headers, body, binary },
  { quoted, named, key, file: read, text, map, snake },
) {
  const other = Object.entries(headers);
  return present(
    quoted(method),
    quoted(to),
    binary ? `body${named}${read}` : body === undefined ? undefined : `body${named}${text()}`,
    keyed ? `key${named}${key}` : undefined,
    version === undefined ? undefined : `version${named}${version}`,
    other.length > 0 ? `headers${named}${map(other)}` : undefined,
    binary ? `${snake ? 'content_type' : 'contentType'}${named}${quoted(binary)}` : undefined,
  ).join(', ');
}

/** One for each operation, in the document's order. */
export function samplesOf(document) {
  const resolve = (node) =>
    node.$ref
      ? node.$ref
          .slice(2)
          .split('/')
          .reduce((from, key) => from[key], document)
      : node;
  const streams = (operation) =>
    '101' in operation.responses ||
    Object.values(operation.responses).some((reply) => 'text/event-stream' in (resolve(reply).content ?? {}));

  const asked = (method, route, operation) => {
    const parameters = (operation.parameters ?? []).map(resolve);
    const of = (place) =>
      Object.fromEntries(
        parameters.filter((one) => one.in === place && one.required).map((one) => [one.name, one.example]),
      );
    const { 'If-Match': match, ...headers } = entriesAsText(of('header'));
    delete headers['Idempotency-Key'];
    const version = /^"(\d+)"$/.exec(match ?? '')?.[1];
    const content = operation.requestBody ? resolve(operation.requestBody).content : {};
    const body = content['application/json']?.example;
    const binary = content['application/json'] ? undefined : Object.keys(content)[0];
    const [inPath, query] = [of('path'), of('query')];
    const filled = route.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inPath[name]));
    const pairs = entries(query, (name, value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return {
      method: method.toUpperCase(),
      route,
      target: pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled,
      secured: (operation.security ?? document.security ?? []).length > 0,
      // A body that has the key needs no header.
      keyed: parameters.some((one) => one.name === 'Idempotency-Key') && body?.clientRequestId === undefined,
      version: version === undefined ? undefined : Number(version),
      headers: version === undefined && match !== undefined ? { ...headers, 'If-Match': match } : headers,
      body,
      binary,
      parameters: inPath,
      query,
    };
  };

  return Object.entries(document.paths)
    .filter(([route]) => !passedOver.test(`${route}/`))
    .flatMap(([route, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => !streams(operation))
        .map(([method, operation]) => {
          const what = asked(method, route, operation);
          const code = Object.fromEntries(entries(languages, (name, { write }) => [name, write(what)]));
          return {
            id: operation.operationId,
            tag: operation.tags?.[0] ?? 'other',
            summary: operation.summary,
            asked: what,
            code,
          };
        }),
    );
}

export const beginningOf = (language) => readFileSync(path.join(here, languages[language].begin), 'utf8');

const head = '<!-- Written by clients/samples/generate.mjs from the OpenAPI document. -->\n';
const label = ({ title, run }) => (run ? `**${title}**` : `**${title}** (not run)`);
const fenced = (fence, text) => `\`\`\`${fence}\n${text.trimEnd()}\n\`\`\`\n`;

function pageOf(tag, samples) {
  const parts = samples.map(({ summary, asked, code }) => {
    const blocks = entries(
      languages,
      (name, language) => `${label(language)}\n\n${fenced(language.fence, code[name])}`,
    );
    return `## ${summary}\n\n\`${asked.method} ${asked.route}\`\n\n${blocks.join('\n')}`;
  });
  return `${head}\n# Samples: ${tag}\n\nThey begin as [README.md](README.md) says.\n\n${parts.join('\n')}`;
}

function frontPage(tags) {
  const blocks = entries(languages, (name, language) => {
    const needs = language.needs ? `, with ${language.needs}` : '';
    return `${label(language)}${needs}\n\n${fenced(language.fence, beginningOf(name))}`;
  });
  return `${head}
# Samples

One for each operation, in ${Object.keys(languages).length} languages. They send what the API's document gives as an example; in a demo shop (\`bin/dev\`) it works as it stands. curl, TypeScript, PHP and
Python are run by a test, which compares what arrives. The others say "not run": nobody has compiled them.

${entries(tags, (tag, samples) => `- [${tag}](${tag}.md): ${samples.length}`).join('\n')}

What listens for long (\`/v1/events\`, \`/v1/ws\`) is in [live.md](../guides/live.md).

## How they begin

${blocks.join('\n')}`;
}

function main() {
  const samples = samplesOf(JSON.parse(readFileSync(0, 'utf8')));
  const tags = {};
  for (const sample of samples) (tags[sample.tag] ??= []).push(sample);
  const pages = new Map([
    ['README.md', frontPage(tags)],
    ...entries(tags, (tag, own) => [`${tag}.md`, pageOf(tag, own)]),
  ]);
  mkdirSync(target, { recursive: true });
  const found = new Map(readdirSync(target).map((name) => [name, readFileSync(path.join(target, name), 'utf8')]));
  const stale = [...new Set([...pages.keys(), ...found.keys()])].filter((name) => pages.get(name) !== found.get(name));
  for (const name of stale) {
    if (process.argv.includes('--check'))
      console.error(`docs/samples/${name} is not what the OpenAPI document says; run bin/docs`);
    else if (pages.has(name)) writeFileSync(path.join(target, name), pages.get(name));
    else rmSync(path.join(target, name));
  }
  if (process.argv.includes('--check')) process.exitCode = stale.length > 0 ? 1 : 0;
  else if (stale.length > 0) console.log(`wrote ${stale.length} pages of docs/samples`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
