// A request as a program in several languages. Pure functions: the page shows what they give, and a test runs it.
//
//     samples({ method: 'POST', url: 'http://127.0.0.1:3000/v1/sales', path: '/v1/sales', headers: [], body: '{…}' }, options)
//       → [{ name: 'curl', language: 'sh', text: "curl …" }, …]
//
// A token is never written into a sample: it stands in the variable TOKEN.

const single = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const quoted = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
const plainName = /^[A-Za-z_$][\w$]*$/;

// JSON as a literal of JavaScript: names without quotes where they need none, lines of 80.
export function literal(value, indent = '') {
  const inner = `${indent}  `;
  const lines = (open, parts, close) => {
    const flat = open === '{' ? `{ ${parts.join(', ')} }` : `[${parts.join(', ')}]`;
    if (flat.length + indent.length <= 72 && !flat.includes('\n')) return parts.length === 0 ? open + close : flat;
    return `${open}\n${parts.map((part) => `${inner}${part},`).join('\n')}\n${indent}${close}`;
  };
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value))
    return lines(
      '[',
      value.map((one) => literal(one, inner)),
      ']',
    );
  if (value === null || typeof value !== 'object') return String(value);
  const members = Object.entries(value).map(
    ([name, one]) => `${plainName.test(name) ? name : quoted(name)}: ${literal(one, inner)}`,
  );
  return lines('{', members, '}');
}

const jsonOf = (body) => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

// A number that JavaScript would round is sent as the bytes that were typed.
const exact = (body, value) => JSON.stringify(value) === body.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');

function curl({ method, url, headers, body, file, authorized }) {
  const parts = [`curl ${method === 'GET' ? '' : `-X ${method} `}${single(url)}`];
  if (authorized) parts.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of headers) parts.push(`-H ${single(`${name}: ${value}`)}`);
  if (file) parts.push('--data-binary @FILE');
  else if (body !== undefined) parts.push(`--data ${single(body)}`);
  return `${parts.join(' \\\n  ')}\n`;
}

function javascript({ method, url, headers, body, file, authorized }) {
  const all = [
    ...(authorized ? ['Authorization: `Bearer ${process.env.TOKEN}`'] : []),
    ...headers.map(([name, value]) => `${plainName.test(name) ? name : quoted(name)}: ${quoted(value)}`),
  ];
  const members = [];
  if (method !== 'GET') members.push(`method: ${quoted(method)}`);
  if (all.length > 0) members.push(`headers: {\n    ${all.join(',\n    ')},\n  }`);
  const value = body === undefined ? undefined : jsonOf(body);
  if (file) members.push("body: await (await import('node:fs/promises')).readFile('FILE')");
  else if (value !== undefined && exact(body, value)) members.push(`body: JSON.stringify(${literal(value, '  ')})`);
  else if (body !== undefined) members.push(`body: ${quoted(body)}`);
  const options = members.length === 0 ? '' : `, {\n  ${members.join(',\n  ')},\n}`;
  return `const reply = await fetch(${quoted(url)}${options});
const answer = await reply.text();
if (!reply.ok) throw new Error(answer); // a problem document: code, retriable, action
console.log(answer);
`;
}

function typescript({ method, path, headers, body, file, authorized, pathValues, query }, { sdk, server }) {
  const value = body === undefined ? undefined : jsonOf(body);
  if (!sdk || file || (body !== undefined && value === undefined)) return undefined;
  const options = {};
  if (Object.keys(pathValues).length > 0) options.path = pathValues;
  if (Object.keys(query).length > 0) options.query = query;
  const rest = [];
  for (const [name, text] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'if-match') options.version = /^"\d+"$/.test(text) ? Number(text.slice(1, -1)) : text;
    else if (lower === 'idempotency-key') options.key = text.replace(/^"(.*)"$/, '$1');
    else if (lower !== 'content-type') rest.push([name, text]);
  }
  if (value !== undefined) options.body = value;
  if (rest.length > 0) options.headers = Object.fromEntries(rest);
  const call = Object.keys(options).length === 0 ? quoted(path) : `${quoted(path)}, ${literal(options)}`;
  const headersOf = authorized ? ',\n  headers: { Authorization: `Bearer ${process.env.TOKEN}` }' : '';
  return `import { createClient, unwrap } from '${sdk}';

const api = createClient({
  baseUrl: ${quoted(server)}${headersOf},
});
const answer = await unwrap(api.${method.toLowerCase()}(${call}));
console.log(answer);
`;
}

// Texts of JSON are texts of Python.
const text = (value) => JSON.stringify(value);

function python({ method, url, headers, body, file, authorized }) {
  const all = [
    ...(authorized ? ['"Authorization": "Bearer " + os.environ["TOKEN"]'] : []),
    ...headers.map(([name, value]) => `${text(name)}: ${text(value)}`),
  ];
  const parts = [text(url), `method=${text(method)}`];
  if (all.length > 0) parts.push(`headers={\n        ${all.join(',\n        ')},\n    }`);
  if (file) parts.push('data=open("FILE", "rb").read()');
  else if (body !== undefined) parts.push(`data=${text(body)}.encode()`);
  return `${authorized ? 'import os\n' : ''}import urllib.error
import urllib.request

request = urllib.request.Request(
    ${parts.join(',\n    ')},
)
try:
    with urllib.request.urlopen(request) as reply:
        print(reply.read().decode())
except urllib.error.HTTPError as error:
    raise SystemExit(error.read().decode())  # a problem document: code, retriable, action
`;
}

// request: method, url (whole), path (its pattern), pathValues and query by name, headers as pairs, body as text, `file` where the body
// is one, `authorized` where a token is sent. options: server, sdk (a package's name; none: no sample with it).
export function samples(request, options) {
  return [
    { name: 'curl', language: 'sh', text: curl(request) },
    { name: 'JavaScript', language: 'js', text: javascript(request) },
    { name: 'TypeScript', language: 'ts', text: typescript(request, options) },
    { name: 'Python', language: 'py', text: python(request) },
  ].filter(({ text }) => text !== undefined);
}
