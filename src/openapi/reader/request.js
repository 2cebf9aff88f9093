/* global document, Headers, navigator, performance */
// The third pane: what an operation is sent, as samples in several languages, and sent from here.
import { renew, token, whenChanged } from './account.js';
import { element } from './dom.js';
import { memberOf, momentOf, newKey, unquoted, withMember } from './fresh.js';
import { indented } from './json_text.js';
import { browser, jsonOf } from './kept.js';
import { forget, idFor, readerOf, remember, tagFor } from './made.js';
import { samples } from './samples.js';
import { resolved } from './schema.js';

let shown; // draws the samples anew when the account has changed
// What one caller was answered is not the next one's.
whenChanged(() => {
  if (!token()) forget();
  shown?.();
});

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

const dots = /^(\.|%2e){1,2}$/i;

// One that has an example is filled in with it; the id of what was made here before, with that.
function fieldOf(path, parameter) {
  const { name, schema = {}, example, required } = parameter;
  const id = `parameter-${parameter.in}-${name}`;
  const key = name === 'Idempotency-Key';
  const place = parameter.in === 'path';
  const made = place ? idFor(path, name) : undefined;
  const value = made ?? (example === undefined ? '' : String(example));
  const input = element('input', {
    id,
    autocomplete: 'off',
    spellcheck: 'false',
    value,
    required: place,
    placeholder: schema.default === undefined ? undefined : String(schema.default),
  });
  const label = element(
    'label',
    { for: id },
    element('code', {}, name),
    ` in the ${parameter.in}${required ? ', required' : ''}`,
    key && '; a new one for each request, unless you type one',
    made && '; of the last reply',
  );
  // Browsers fold these out of an address, however they are written.
  if (place)
    input.addEventListener('input', () =>
      input.setCustomValidity(dots.test(input.value) ? 'A browser cannot send this as a part of a path.' : ''),
    );
  return { parameter, input, view: element('div', { class: 'field' }, label, input), key };
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
        name in pathValues && !dots.test(pathValues[name]) ? encodeURIComponent(pathValues[name]) : whole,
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

// Of a reply, what the page shows and keeps.
async function answerOf(reply, took) {
  const type = reply.headers.get('Content-Type') ?? '';
  const isText = /json|text/.test(type) || type === '';
  const text = isText ? await reply.text() : `${(await reply.blob()).size} bytes of ${type}`;
  const location = reply.headers.get('Location');
  const at = location && new URL(location, reply.url);
  return {
    status: reply.status,
    took,
    id: reply.headers.get('X-Request-Id'),
    replayed: reply.headers.get('Idempotent-Replayed'),
    etag: reply.headers.get('ETag'),
    location: at && at.pathname,
    retriable: reply.status === 429 || reply.status >= 500,
    body: /json/.test(type) ? jsonOf(text) : undefined,
    text: pretty(text, type),
  };
}

function pretty(text, type) {
  if (!/json/.test(type)) return text;
  try {
    return indented(text);
  } catch {
    return text;
  }
}

// request: what samples() takes, with the bytes of a file. A token of this page's session that has run out is renewed, once: it was
// refused before anything was done.
async function answerTo(request) {
  const began = performance.now();
  const send = () => {
    const headers = new Headers(request.headers);
    if (request.authorized && token()) headers.set('Authorization', `Bearer ${token()}`);
    const { url, method } = request;
    return fetch(url, { method, headers, body: request.file ? request.bytes : request.body, credentials: 'omit' });
  };
  let reply = await send();
  const isOver = async () => jsonOf(await reply.clone().text())?.action === 'refresh_auth';
  if (reply.status === 401 && request.authorized && (await isOver()) && (await renew())) reply = await send();
  return answerOf(reply, Math.round(performance.now() - began));
}

// The key and the time of an example, which stand in the field and in the body: new when the form is drawn, and new with each request
// that was answered. What is shown is what is sent. Key and clientRequestId follow each other, as the service wants them equal; one
// that somebody has typed stays.
function freshness(keyField, area) {
  const shared = () => (keyField ? keyField.input.value : memberOf(area?.value, 'key'));
  let linked; // what both had when they were equal last
  let own;
  let moment;
  const put = (name, value) => area && (area.value = withMember(area.value, name, value));
  const make = () => {
    own = linked = newKey();
    moment = momentOf(new Date());
    if (keyField) keyField.input.value = own;
    put('key', own);
    put('moment', moment);
  };
  make();
  return {
    // After somebody has typed.
    follow(input) {
      const key = keyField && unquoted(keyField.input.value);
      const id = memberOf(area?.value, 'key');
      if (keyField && input === keyField.input && key !== '' && id === linked) put('key', (linked = key));
      else if (keyField && input === area && id !== undefined && key === linked) keyField.input.value = linked = id;
    },
    // After an answer that settles it, unless somebody has chosen the key.
    renew() {
      if (shared() !== own) return;
      const typed = memberOf(area?.value, 'moment');
      const before = moment;
      make();
      if (typed !== before && typed !== undefined) put('moment', typed);
    },
  };
}

function languageTabs(names, choose) {
  const buttons = names.map((name) => element('button', { type: 'button', onclick: () => press(name) }, name));
  const press = (name) => {
    browser.set('reader.language', name);
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === name));
    choose(name);
  };
  const before = browser.get('reader.language');
  return {
    view: element('div', { class: 'languages', role: 'group', 'aria-label': 'Language' }, ...buttons),
    start: () => press(names.includes(before) ? before : names[0]),
  };
}

function packageNote({ sdk, sdkPage }) {
  return element(
    'p',
    { class: 'limits' },
    `${sdk} is a package of the repository: `,
    element('a', { href: sdkPage.href }, sdkPage.title),
    ' says how to get it.',
  );
}

// A reply, and what it is the reply to. An address that an operation reads is a link to it.
function replyView(request, { status, took, id, replayed, location, text }, { operations }) {
  const line = (...content) => element('p', { class: 'limits' }, ...content);
  const reader = location && readerOf(operations, location);
  const place = reader ? element('a', { href: reader.entry.href }, location) : location;
  const head = `${request.method} ${request.url}`;
  const lines = [head, ...request.headers.map(([name, value]) => `${name}: ${value}`)];
  const sent = request.file ? '(the bytes of the file)' : request.body;
  return [
    element('p', { class: status < 400 ? 'good' : 'bad' }, element('strong', {}, String(status)), ` in ${took} ms`),
    ...(replayed ? [line(`Idempotent-Replayed: ${replayed}: the stored reply, nothing was done again`)] : []),
    ...(location ? [line('Location: ', place)] : []),
    ...(id ? [line(`Request ${id}`)] : []),
    ...(text ? [codeBlock(text, 'The reply')] : []),
    element(
      'details',
      {},
      element('summary', {}, 'What was sent'),
      codeBlock([...lines, ...(sent === undefined ? [] : ['', sent])].join('\n'), 'What was sent'),
    ),
  ];
}

// entry: { id, method, path, operation }; options: openapi, operations, server, sdk, sdkPage.
export function requestPane(entry, options) {
  const { operation } = entry;
  const fields = (operation.parameters ?? []).map((one) => fieldOf(entry.path, resolved(options.openapi, one)));
  const body = bodyOf(options.openapi, operation);
  const file = body?.file && element('input', { type: 'file', id: 'request-file' });
  if (body && !body.file)
    body.area = element(
      'textarea',
      { id: 'request-body', spellcheck: 'false', rows: String(Math.min(18, body.example.split('\n').length + 1)) },
      body.example,
    );
  const current = () => ({ ...requestOf(entry, fields, body, options.server), bytes: file?.files?.[0] });
  const keyField = fields.find(({ key, input }) => key && input.value !== '');
  const fresh = freshness(keyField, body?.area);
  const version = fields.find(({ parameter }) => parameter.in === 'header' && parameter.name === 'If-Match');
  // As the document writes it: a proxy may put something before.
  const before = new URL(options.server).pathname.replace(/\/$/, '');
  const pathOf = (pathname) => (pathname.startsWith(`${before}/`) ? pathname.slice(before.length) : pathname);
  const tagged = () => tagFor(pathOf(new URL(current().url).pathname));
  if (version && tagged()) version.input.value = tagged();

  const sample = element('div', { class: 'sample' });
  let language;
  const draw = () => {
    const one = samples(current(), options).find(({ name }) => name === language);
    sample.replaceChildren(
      codeBlock(one.text, `${one.name} sample`),
      copyButton(() => one.text),
      ...(one.name === 'TypeScript' && options.sdkPage ? [packageNote(options)] : []),
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
  const again = element('button', { type: 'button', hidden: true, onclick: () => trial(last) }, 'Send the same again');
  let last;
  let busy = false;
  let answered = false;
  // Not `disabled`, which would take the focus away.
  const setBusy = (on) => {
    busy = on;
    for (const button of [send, again]) button.setAttribute('aria-disabled', String(on));
  };
  async function trial(request) {
    if (busy) return;
    setBusy(true);
    last = request;
    try {
      const answer = await answerTo(request);
      answered = !answer.retriable;
      const path = pathOf(new URL(request.url).pathname);
      if (answer.location) answer.location = pathOf(answer.location);
      if (answer.status < 300) {
        answer.location = remember(entry, path, answer, options.operations);
        if (version && tagFor(path)) version.input.value = tagFor(path);
      }
      reply.replaceChildren(...replyView(request, answer, options));
    } catch (error) {
      answered = false;
      reply.replaceChildren(element('p', { class: 'bad' }, `No answer: ${error.message}`));
    } finally {
      setBusy(false);
      again.hidden = request.method === 'GET';
      reply.scrollIntoView({ block: 'nearest' });
    }
  }
  const submit = (event) => {
    event.preventDefault();
    if (busy) return;
    if (answered) fresh.renew();
    answered = false;
    draw();
    return trial(current());
  };
  const typed = ({ target }) => {
    fresh.follow(target);
    draw();
  };
  const needs = element('p', { class: 'limits' });
  const form = element(
    'form',
    { onsubmit: submit, oninput: typed },
    needs,
    ...fields.map(({ view }) => view),
    ...(body?.area
      ? [element('div', { class: 'field' }, element('label', { for: 'request-body' }, 'Body'), body.area)]
      : []),
    ...(file ? [element('div', { class: 'field' }, element('label', { for: 'request-file' }, 'File'), file)] : []),
    element('div', { class: 'presses' }, send, again),
  );
  shown = () => {
    if (!token()) {
      reply.replaceChildren();
      again.hidden = true;
    }
    const asks = current().authorized && !token();
    needs.textContent = asks ? 'It needs a caller: sign in first, at the top of the page.' : '';
    needs.hidden = !asks;
    draw();
  };
  tabs.start();
  shown();
  return [
    element('h2', {}, 'Sample'),
    tabs.view,
    sample,
    element('h2', { id: 'try', tabindex: '-1' }, 'Try it'),
    form,
    reply,
  ];
}

export const noRequest = () => {
  shown = undefined;
  document.getElementById('request').replaceChildren();
};
