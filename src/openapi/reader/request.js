/* global crypto, document, Headers, localStorage, navigator, performance */
// The third pane: what an operation is sent, as samples in several languages, and sent from here.
import { token, whenChanged } from './account.js';
import { element } from './dom.js';
import { samples } from './samples.js';
import { resolved } from './schema.js';

let shown; // draws the samples anew when the account has changed
whenChanged(() => shown?.());

// Not crypto.randomUUID(), which a page at http://192.168.… does not have.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function copyButton(textOf) {
  const button = element('button', { type: 'button', class: 'copy' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(textOf());
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed: select the text';
    }
  });
  return button;
}

const codeBlock = (text, label) =>
  element('pre', { tabindex: '0', role: 'region', 'aria-label': label }, element('code', {}, text));

// { field, valueOf }: one that has an example is filled in with it.
function fieldOf(parameter) {
  const { name, schema = {}, example, required } = parameter;
  const id = `parameter-${parameter.in}-${name}`;
  const key = name === 'Idempotency-Key';
  const input = element('input', {
    id,
    autocomplete: 'off',
    spellcheck: 'false',
    value: example === undefined ? '' : String(example),
    placeholder: schema.default === undefined ? undefined : String(schema.default),
  });
  const label = element(
    'label',
    { for: id },
    element('code', {}, name),
    ` in the ${parameter.in}${required ? ', required' : ''}${key ? '; a new one at each press' : ''}`,
  );
  return { parameter, input, view: element('div', { class: 'field' }, label, input), example: input.value, key };
}

// The type of the body that this page writes: JSON before bytes before forms.
function bodyOf(openapi, operation) {
  const content = operation.requestBody?.content;
  if (!content) return undefined;
  const type = ['application/json', ...Object.keys(content)].find((name) => content[name]);
  const example = content[type].example ?? resolved(openapi, content[type].schema).examples?.[0];
  return {
    type,
    file: !/json|urlencoded|text/.test(type),
    example: example === undefined ? '' : JSON.stringify(example, null, 2),
  };
}

function requestOf(entry, fields, body, server) {
  const pathValues = {};
  const query = {};
  const headers = [];
  for (const { parameter, input } of fields) {
    if (input.value === '') continue;
    if (parameter.in === 'path') pathValues[parameter.name] = input.value;
    else if (parameter.in === 'query') query[parameter.name] = input.value;
    else if (parameter.in === 'header') headers.push([parameter.name, input.value]);
  }
  const url = new URL(
    server +
      entry.path.replace(/\{(\w+)\}/g, (whole, name) =>
        name in pathValues ? encodeURIComponent(pathValues[name]) : whole,
      ),
  );
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (body && (body.file || body.area.value !== '')) headers.push(['Content-Type', body.type]);
  return {
    method: entry.method.toUpperCase(),
    path: entry.path,
    url: url.href,
    pathValues,
    query,
    headers,
    file: body?.file ?? false,
    body: body && !body.file && body.area.value !== '' ? body.area.value : undefined,
    authorized: (entry.operation.security ?? []).some((scheme) => 'bearer' in scheme),
  };
}

// An example's key serves once: it stands for a new one, in the body as well.
function withNewKeys(request, fields) {
  let { headers, body } = request;
  for (const { parameter, input, key, example } of fields) {
    if (!key || input.value !== example || example === '') continue;
    const fresh = newKey();
    headers = headers.map(([name, value]) => [name, name === parameter.name ? fresh : value]);
    body = body?.replaceAll(example, fresh);
  }
  return { ...request, headers, body };
}

function pretty(text, type) {
  if (!/json/.test(type)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function answerTo(request, file) {
  const headers = new Headers(request.headers);
  if (request.authorized && token()) headers.set('Authorization', `Bearer ${token()}`);
  const began = performance.now();
  const reply = await fetch(request.url, {
    method: request.method,
    headers,
    body: request.file ? file : request.body,
    credentials: 'omit',
  });
  const type = reply.headers.get('Content-Type') ?? '';
  const text =
    /json|text/.test(type) || type === '' ? await reply.text() : `${(await reply.blob()).size} bytes of ${type}`;
  const took = Math.round(performance.now() - began);
  return { status: reply.status, took, id: reply.headers.get('X-Request-Id'), text: pretty(text, type) };
}

function languageTabs(names, choose) {
  const buttons = names.map((name) => element('button', { type: 'button', onclick: () => press(name) }, name));
  const press = (name) => {
    localStorage.setItem('reader.language', name);
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === name));
    choose(name);
  };
  const before = localStorage.getItem('reader.language');
  return {
    view: element('div', { class: 'languages', role: 'group', 'aria-label': 'Language' }, ...buttons),
    start: () => press(names.includes(before) ? before : names[0]),
  };
}

// entry: { id, method, path, operation }; options: openapi, server, sdk.
export function requestPane(entry, options) {
  const { operation } = entry;
  const fields = (operation.parameters ?? []).map((one) => fieldOf(resolved(options.openapi, one)));
  const body = bodyOf(options.openapi, operation);
  const file = body?.file && element('input', { type: 'file', id: 'request-file' });
  if (body && !body.file)
    body.area = element(
      'textarea',
      { id: 'request-body', spellcheck: 'false', rows: String(Math.min(18, body.example.split('\n').length + 1)) },
      body.example,
    );
  const current = () => requestOf(entry, fields, body, options.server);

  const sample = element('div', { class: 'sample' });
  let language;
  const draw = () => {
    const one = samples(current(), options).find(({ name }) => name === language);
    sample.replaceChildren(
      codeBlock(one.text, `${one.name} sample`),
      copyButton(() => one.text),
    );
  };
  const tabs = languageTabs(
    samples(current(), options).map(({ name }) => name),
    (name) => {
      language = name;
      draw();
    },
  );

  const reply = element('div', { class: 'reply', 'aria-live': 'polite' });
  const send = element('button', { type: 'submit', class: 'send' }, 'Send');
  const trial = async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      const { status, took, id, text } = await answerTo(withNewKeys(current(), fields), file && file.files[0]);
      reply.replaceChildren(
        element('p', { class: status < 400 ? 'good' : 'bad' }, element('strong', {}, String(status)), ` in ${took} ms`),
        ...(id ? [element('p', { class: 'limits' }, `Request ${id}`)] : []),
        ...(text ? [codeBlock(text, 'The reply')] : []),
      );
    } catch (error) {
      reply.replaceChildren(element('p', { class: 'bad' }, `No answer: ${error.message}`));
    } finally {
      send.disabled = false;
    }
  };
  const needs = element('p', { class: 'limits' });
  const form = element(
    'form',
    { onsubmit: trial, oninput: draw },
    needs,
    ...fields.map(({ view }) => view),
    ...(body?.area
      ? [element('div', { class: 'field' }, element('label', { for: 'request-body' }, 'Body'), body.area)]
      : []),
    ...(file ? [element('div', { class: 'field' }, element('label', { for: 'request-file' }, 'File'), file)] : []),
    send,
  );
  shown = () => {
    const asks = current().authorized && !token();
    needs.textContent = asks ? 'It needs a caller: sign in first, at the top of the page.' : '';
    needs.hidden = !asks;
    draw();
  };
  tabs.start();
  shown();
  return [element('h2', {}, 'Sample'), tabs.view, sample, element('h2', {}, 'Try it'), form, reply];
}

export const noRequest = () => {
  shown = undefined;
  document.getElementById('request').replaceChildren();
};
