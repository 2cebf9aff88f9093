/* global AbortController, Blob, document, location, MutationObserver, Response, setTimeout, SwaggerUIBundle */
// A file of its own: the Content-Security-Policy allows no inline script.
import { attempts, endAfter, isEvents, isJson, limits, received, responsesOf, serverOf, typeOf } from './exchange.js';
import { memberOf, momentOf, newKey, unquoted, withMember } from './fresh.js';
import { browser, jsonOf, tab } from './kept.js';
import { resolved } from './schema.js';
import { begin, end } from './session.js';

let loading = true;
function tell(text) {
  const state = document.getElementById('state');
  state.textContent = text;
  state.hidden = text === '';
}

// What Swagger UI leaves to be done: fields without a name, which a screen reader calls no more than "edit" or "list", buttons that
// are called other than they read, long texts that a keyboard cannot scroll, and links inside of buttons (the button opens the
// operation, and puts its link in the address bar).
function nameOf(field) {
  const row = field.closest('[data-param-name], [data-property-name]');
  if (row) return row.dataset.paramName ?? row.dataset.propertyName;
  if (field.id === 'servers') return 'Server';
  return field.localName === 'textarea' ? 'Request body' : 'Example';
}

function complete() {
  if (loading && document.querySelector('.swagger-ui :is(.information-container, .errors-wrapper)')) {
    loading = false;
    tell('');
  }
  for (const field of document.querySelectorAll('textarea:not([aria-label]), select:not([aria-label])'))
    field.setAttribute('aria-label', nameOf(field));
  for (const button of document.querySelectorAll('.auth-btn-wrapper [aria-label]'))
    button.removeAttribute('aria-label');
  for (const button of document.querySelectorAll('.close-modal:not([aria-label])'))
    button.setAttribute('aria-label', 'Close');
  for (const link of document.querySelectorAll('button a[href]')) link.removeAttribute('href');
  for (const text of document.querySelectorAll('pre.microlight:not([tabindex])')) text.tabIndex = 0;
}

// The Idempotency-Key that is filled in is an example: sent twice, with two bodies, it is refused. It stands for a new one with each
// Execute, in the body (clientRequestId) as well; so does the time of an example for the present. What somebody has typed is sent as it
// is: a clientRequestId is then the key, too, and the other way round. Swagger UI shows what was sent. Until there is an answer that
// settles it, an Execute sends the same key and time again, whoever has signed in since: who signs in again most often is the same.
let examples;
const leaves = attempts();
let openapi;
const documentOf = () => (openapi ??= ui.specSelectors.specJson().toJS());
const open = new Map(); // "POST /v1/sales" → { key, moment }
function examplesOf() {
  const operations = Object.values(documentOf().paths ?? {}).flatMap((path) => Object.values(path));
  const keys = operations.flatMap(({ parameters = [] }) => parameters.filter(({ name }) => name === 'Idempotency-Key'));
  const bodies = operations.flatMap(({ requestBody }) =>
    Object.values(requestBody?.content ?? {}).map(({ example }) => JSON.stringify(example)),
  );
  return {
    keys: new Set(
      [...keys.map(({ example }) => example), ...bodies.map((body) => memberOf(body, 'key'))].filter(Boolean),
    ),
    moments: new Set(bodies.map((body) => memberOf(body, 'moment')).filter(Boolean)),
  };
}

function refreshed(request) {
  if (/\/(\.|%2e){1,2}([/?#]|$)/i.test(request.url))
    throw new Error('A browser cannot send . or .. as a part of a path.');
  if (request.loadSpec) return request;
  request.userFetch = fetched;
  const text = typeof request.body === 'string' ? request.body : undefined;
  const given = request.headers?.['Idempotency-Key'];
  if (text === undefined && given === undefined) return request;
  examples ??= examplesOf();
  const id = memberOf(text, 'key');
  const typed = [given, id].filter((one) => one !== undefined && !examples.keys.has(one));
  const before = open.get(placeOf(request.url, request));
  const key = typed.length > 0 ? unquoted(typed[0]) : (before?.key ?? newKey());
  const moment = before?.key === key ? before.moment : momentOf(new Date());
  if (given !== undefined || id !== undefined) open.set(placeOf(request.url, request), { key, moment });
  if (examples.keys.has(given)) request.headers['Idempotency-Key'] = key;
  if (examples.keys.has(id)) request.body = withMember(request.body, 'key', key);
  if (examples.moments.has(memberOf(text, 'moment'))) request.body = withMember(request.body, 'moment', moment);
  return request;
}

const placeOf = (url, { method }) => `${method} ${new URL(url, location.href).pathname}`;

// Instead of fetch(). Swagger UI waits until a reply is whole: of events it has what came within some seconds.
async function fetched(url, init) {
  const control = new AbortController();
  endAfter(init.body instanceof Blob ? limits.upload : limits.answer, control);
  const place = placeOf(url, init);
  const sent = open.get(place); // undefined: it has no key
  const isSettled = leaves(sent?.key);
  let settled = false;
  try {
    const reply = await fetch(url, { ...init, signal: control.signal });
    const { status, headers } = reply;
    if (isEvents(typeOf(reply))) {
      endAfter(5, control);
      return new Response((await received(reply, control)).text, { status, headers });
    }
    settled = sent !== undefined && isSettled(await answerOf(reply.clone()), responsesAt(url, init));
    return reply;
  } finally {
    if (settled && open.get(place) === sent) open.delete(place);
    const keeps = `${place} is not settled: the next Execute keeps the key. To begin anew, write another key.`;
    if (sent) tell(settled ? '' : keeps);
  }
}

// undefined: it is not whole.
async function answerOf(reply) {
  const type = typeOf(reply);
  try {
    const text = await reply.text();
    return {
      status: reply.status,
      type,
      id: reply.headers.get('X-Request-Id'),
      body: isJson(type) ? jsonOf(text) : undefined,
    };
  } catch {
    return undefined;
  }
}

function responsesAt(url, { method }) {
  const openapi = documentOf();
  const pathOf = (at) => new URL(at, location.href).pathname;
  const bases = (openapi.servers ?? [{ url: '/' }]).map((server) => pathOf(server.url).replace(/\/$/, ''));
  const responses = Object.entries(responsesOf(openapi, method, pathOf(url), bases));
  return Object.fromEntries(responses.map(([status, one]) => [status, resolved(openapi, one)]));
}

// ---- Who calls --------------------------------------------------------------------------------------------------

// What is authorised stays in this tab, over a reload. Swagger UI itself would keep it in the browser, beyond every log-out.
const kept = 'docs.authorized';
const mine = 'docs.session'; // the session that this page has begun, to be ended with it
browser.set('authorized', null); // of versions that did

const { signIn, people = [] } = await fetch('/docs/reader.json').then(
  (reply) => reply.json(),
  () => ({}),
);

const keeper = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (original) => (payload) => remembered(original(payload)),
        logout: (original) => (payload) => {
          if (payload.includes('bearer')) signOut();
          return remembered(original(payload));
        },
      },
    },
  },
});

function remembered(action) {
  // The state has it when the action has run.
  setTimeout(() => tab.set(kept, JSON.stringify(ui.authSelectors.authorized()?.toJS() ?? {})));
  return action;
}

function restore() {
  const authorized = jsonOf(tab.get(kept));
  if (authorized && typeof authorized === 'object') ui.authActions.restoreAuthorization({ authorized });
}

async function signOut() {
  const session = jsonOf(tab.get(mine));
  tab.set(mine, null);
  if (!session) return;
  try {
    await end(session, signIn, serverOf(documentOf(), location));
  } catch (error) {
    tell(`You are signed out here, but the service has not ended the session: ${error.message}`);
  }
}

async function become(person) {
  try {
    await signOut();
    const session = await begin(person, signIn, serverOf(documentOf(), location));
    tab.set(mine, JSON.stringify(session));
    const schema = ui.specSelectors.specJson().getIn(['components', 'securitySchemes', 'bearer']).toJS();
    ui.authActions.authorize({ bearer: { name: 'bearer', schema, value: session.token } });
    tell(`Signed in as ${person.role}.`);
  } catch (error) {
    tell(`That did not work: ${error.message}`);
  }
}

// Execute, too, goes to the server that the page was opened by, which need not be the first.
function chooseServer() {
  const own = serverOf(documentOf(), location);
  const { url } = documentOf().servers?.find((server) => serverOf({ servers: [server] }, location) === own) ?? {};
  if (url) ui.oas3Actions.setSelectedServer(url);
}

// In development alone.
function showPeople() {
  const group = document.getElementById('people');
  group.hidden = people.length === 0;
  group.replaceChildren();
  for (const person of people) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = `As ${person.role}`;
    button.addEventListener('click', () => become(person));
    group.append(button);
  }
}

// ---- The page ---------------------------------------------------------------------------------------------------

// Its own filter looks at tags and paths. This looks at what the list shows, and at operationIds.
function opsFilter(tagged, phrase) {
  const asked = phrase.toLowerCase();
  const has = (...texts) => texts.some((text) => text?.toLowerCase().includes(asked));
  return tagged
    .map((tag, name) => {
      if (has(name)) return tag;
      return tag.update('operations', (all) =>
        all.filter((one) =>
          has(one.get('path'), one.getIn(['operation', 'summary']), one.getIn(['operation', 'operationId'])),
        ),
      );
    })
    .filter((tag) => tag.get('operations').size > 0);
}

const ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'none', // hundreds of operations take a minute to draw: those of a tag when it is opened
  tagsSorter: (one, other) => Number(one === 'operations') - Number(other === 'operations'), // probes come last
  defaultModelsExpandDepth: 0, // the list of all schemas opens when asked: each operation shows its own
  filter: true,
  persistAuthorization: false,
  plugins: [keeper, () => ({ fn: { opsFilter } })],
  tryItOutEnabled: true, // an operation opens with its example filled in, ready for Execute
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  validatorUrl: null, // the default would send the document to a server elsewhere
  requestInterceptor: refreshed,
  onComplete() {
    document.title = ui.specSelectors.info().get('title');
    chooseServer();
    restore();
    showPeople();
  },
});

new MutationObserver(complete).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
