/* global AbortController, document, Headers, navigator, performance */
// The third pane: what an operation is sent, as samples in several languages, and sent from here.
import { renew, token, whenChanged } from './account.js';
import { element } from './dom.js';
import { attempts, exchange, isJson, typeOf } from './exchange.js';
import { memberOf, momentOf, newKey, unquoted, withMember } from './fresh.js';
import { indented } from './json_text.js';
import { browser, jsonOf } from './kept.js';
import { forget, idFor, remember, tagFor } from './made.js';
import { codeBlock, coming, keyStays, replyView } from './reply.js';
import { samples } from './samples.js';
import { resolved } from './schema.js';

let shown; // draws the samples anew when the account has changed
let underWay; // ends the request of the pane that is shown
// Operation → its pane, while what it has sent is not settled: the next press is to send the same key. Also after a log-out, which
// undoes nothing that was sent: who comes back for it may be the same.
const open = new Map();
// What one caller was answered is not the next one's.
whenChanged((left) => {
  const gone = left || !token();
  if (gone) forget();
  for (const [entry, pane] of gone ? open : []) {
    if (left && !pane.hasKey()) open.delete(entry);
    pane.forgetReply();
  }
  shown?.(gone);
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
    key && '; a new one when the last is settled, unless you type one',
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

// undefined: there is none, or it is no address.
function pathnameOf(location, base) {
  try {
    return location === null ? undefined : new URL(location, base).pathname;
  } catch {
    return undefined;
  }
}

// Of a reply, what the page shows and keeps.
function answerOf({ reply, text, bytes, cut }, took) {
  const type = typeOf(reply);
  return {
    status: reply.status,
    type,
    took,
    cut,
    id: reply.headers.get('X-Request-Id'),
    replayed: reply.headers.get('Idempotent-Replayed'),
    etag: reply.headers.get('ETag'),
    location: pathnameOf(reply.headers.get('Location'), reply.url),
    body: isJson(type) && !cut ? jsonOf(text) : undefined,
    text: text === '' && bytes > 0 ? `${bytes} bytes of ${type}` : pretty(text, type),
  };
}

function pretty(text, type) {
  if (!isJson(type)) return text;
  try {
    return indented(text);
  } catch {
    return text;
  }
}

// request: what samples() takes, with the bytes of a file; how: what exchange() takes. A token of this page's session that has run
// out is renewed, once: it was refused before anything was done.
async function answerTo(request, how) {
  const began = performance.now();
  const send = async () => {
    const headers = new Headers(request.headers);
    if (request.authorized && token()) headers.set('Authorization', `Bearer ${token()}`);
    const { url, method } = request;
    const init = { method, headers, body: request.file ? request.bytes : request.body, credentials: 'omit' };
    return answerOf(await exchange(url, init, how), Math.round(performance.now() - began));
  };
  const answer = await send();
  const isOver = answer.status === 401 && request.authorized && answer.body?.action === 'refresh_auth';
  return isOver && (await renew()) && !how.control.signal.aborted ? send() : answer;
}

// The key and the time of an example, which stand in the field and in the body: new when the form is drawn, and when a reply has
// settled the request. What is shown is what is sent. Key and clientRequestId follow each other, as the service wants them equal; one
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
    hasKey: () => Boolean(shared()),
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

// entry: { id, method, path, operation }; options: openapi, operations, server, sdk, sdkPage.
export function requestPane(entry, options) {
  leavePane();
  const kept = open.get(entry);
  if (kept) return kept.show();
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
  let control; // while a request is under way
  let answered = false; // so that its key is settled
  const leaves = attempts();
  const keyOf = ({ headers, body }) => {
    const [, given] = headers.find(([name]) => name === 'Idempotency-Key') ?? [];
    return given === undefined ? memberOf(body, 'key') : unquoted(given);
  };
  // Not `disabled`, which would take the focus away.
  const setBusy = (on) => {
    for (const button of [send, again]) button.setAttribute('aria-disabled', String(on));
  };
  const responses = Object.fromEntries(
    Object.entries(operation.responses ?? {}).map(([status, one]) => [status, resolved(options.openapi, one)]),
  );
  function keep(answer, request) {
    const path = pathOf(new URL(request.url).pathname);
    if (answer.location) answer.location = pathOf(answer.location);
    if (answer.status >= 300) return;
    answer.location = remember(entry, path, answer, options.operations);
    if (version && tagFor(path)) version.input.value = tagFor(path);
  }
  async function trial(request) {
    if (control) return;
    underWay = control = new AbortController();
    const own = control;
    setBusy(true);
    last = request;
    answered = false;
    const reads = request.method === 'GET';
    if (!reads) open.set(entry, { show, forgetReply, hasKey: fresh.hasKey });
    const isSettled = leaves(keyOf(request));
    const view = coming(reply, () => own.abort(new Error('you pressed Stop')));
    reply.scrollIntoView({ block: 'nearest' });
    let drawn;
    try {
      const answer = await answerTo(request, { control, told: view });
      answered = isSettled(answer, responses);
      if (answered) open.delete(entry);
      keep(answer, request);
      const keeps = !reads && !answered && fresh.hasKey();
      drawn = replyView(request, answer, { ...options, keeps });
    } catch (error) {
      const keeps = !reads && fresh.hasKey();
      drawn = [element('p', { class: 'bad' }, `No answer: ${error.message}`), ...keyStays(keeps)];
    }
    view.end();
    control = undefined;
    setBusy(false);
    if (view.hasFocus()) send.focus();
    reply.replaceChildren(...drawn);
    again.hidden = reads;
    reply.scrollIntoView({ block: 'nearest' });
  }
  const submit = (event) => {
    event.preventDefault();
    if (control) return;
    if (answered && keyOf(current()) === keyOf(last)) fresh.renew(); // that of before may have been written back
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
  const view = [
    element('h2', {}, 'Sample'),
    tabs.view,
    sample,
    element('h2', { id: 'try', tabindex: '-1' }, 'Try it'),
    form,
    reply,
  ];
  function forgetReply() {
    const keeps = open.has(entry) && !control && fresh.hasKey();
    reply.replaceChildren(...keyStays(keeps));
    again.hidden = true;
  }
  // Also when somebody comes back to it.
  function show() {
    shown = (gone) => {
      if (gone) forgetReply();
      const asks = current().authorized && !token();
      needs.textContent = asks ? 'It needs a caller: sign in first, at the top of the page.' : '';
      needs.hidden = !asks;
      draw();
    };
    tabs.start();
    shown();
    return view;
  }
  return show();
}

// Another page is to be drawn.
export function leavePane() {
  underWay?.abort(new Error('another page was opened'));
  underWay = shown = undefined;
}

export function noRequest() {
  leavePane();
  document.getElementById('request').replaceChildren();
}
