/* global document, history, location, matchMedia, scrollTo */
// The reader: pages on the left, what is read in the middle, samples and a try on the right. Everything comes from this server: the
// document, the guides, and /docs/reader.json, which says what this service has.
import { accountButton } from './account.js';
import { decoded, element, inline, prose } from './dom.js';
import { serverOf, within } from './exchange.js';
import { browser } from './kept.js';
import { badge, operationView } from './operation.js';
import { copyButton, leavePane, noRequest, requestPane } from './request.js';
import { find, indexOf } from './search.js';

const at = (id) => document.getElementById(id);
const text = (url) =>
  within(60, async (signal) => {
    const reply = await fetch(url, { signal });
    if (!reply.ok) throw new Error(`${url}: ${reply.status}`);
    return reply.text();
  });
const json = async (url) => JSON.parse(await text(url));

// ---- What there is to read ------------------------------------------------------------------------------------

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];

function operationsOf(openapi) {
  const of = (all, more) =>
    Object.entries(all ?? {}).flatMap(([path, item]) =>
      methods
        .filter((method) => item[method]?.operationId)
        .map((method) => ({ id: item[method].operationId, method, path, operation: item[method], ...more(path) })),
    );
  return [...of(openapi.paths, () => ({})), ...of(openapi.webhooks, (event) => ({ event }))].map((entry) => ({
    ...entry,
    tag: entry.event ? 'Webhooks' : (entry.operation.tags?.[0] ?? 'Other'),
    href: `#/operation/${entry.id}`,
  }));
}

// ---- Pages ----------------------------------------------------------------------------------------------------

function overview({ openapi, operations, pages, config }) {
  const { title, version, description } = openapi.info;
  const first = (tag) => operations.find((entry) => entry.tag === tag.name);
  const card = (href, name, text) =>
    element('li', {}, element('a', { href }, element('strong', {}, name), element('span', {}, text)));
  return [
    element('h1', { tabindex: '-1' }, title),
    element('p', { class: 'limits' }, `Version ${version}`),
    ...prose(description),
    element('h2', {}, 'Begin'),
    element(
      'ul',
      { class: 'cards' },
      ...pages.slice(0, 4).map((page) => card(page.href, page.title, page.summary)),
      card('/docs', 'Swagger UI', 'The same operations, in the form that many know.'),
      card('/openapi.json', 'OpenAPI 3.1', 'The document, for generators and other programs.'),
      card('/problems', 'Error codes', 'Each code with its cause, and what to do.'),
    ),
    element('h2', {}, 'Areas'),
    element(
      'ul',
      { class: 'cards' },
      ...(openapi.tags ?? []).filter(first).map((tag) => card(first(tag).href, tag.name, tag.description ?? '')),
    ),
    ...(config.people?.length
      ? [element('p', {}, 'This is a development server: "Sign in" has the people of the demo shop.')]
      : []),
  ];
}

async function pageView(page) {
  const html = await text(`/docs/guides/${page.name}.html`);
  const view = element('article', { class: 'guide' });
  // Our own pages, which the build has made of Markdown, without script.
  view.innerHTML = html;
  for (const block of view.querySelectorAll('figure.code'))
    block.append(copyButton(() => block.querySelector('code').textContent));
  view.querySelector('h1')?.setAttribute('tabindex', '-1');
  return [view];
}

// ---- The three panes ------------------------------------------------------------------------------------------

function navigation({ openapi, operations, groups }) {
  const link = (href, ...content) => element('li', {}, element('a', { href }, ...content));
  const fold = (name, open, links) =>
    element('details', { open }, element('summary', {}, name), element('ul', {}, ...links));
  const tags = [...new Set([...(openapi.tags ?? []).map(({ name }) => name), ...operations.map(({ tag }) => tag)])];
  const order = (name) => Number(name === 'operations') + 2 * Number(name === 'Webhooks'); // probes and events come last
  const byTag = [...tags]
    .sort((one, other) => order(one) - order(other))
    .map((name) => [name, operations.filter(({ tag }) => tag === name)])
    .filter(([, all]) => all.length > 0);
  return [
    element('ul', {}, link('#/', 'Overview')),
    ...groups.map(({ name, pages }, number) =>
      fold(
        name,
        number === 0,
        pages.map((page) => link(page.href, page.title)),
      ),
    ),
    element('h2', {}, 'Operations'),
    ...byTag.map(([name, all]) =>
      fold(
        name.replaceAll('_', ' '),
        false,
        all.map(({ href, method, event, operation, id }) =>
          link(href, badge(event ? 'event' : method), ' ', operation.summary ?? id),
        ),
      ),
    ),
  ];
}

function mark(href) {
  const nav = at('navigation');
  for (const link of nav.querySelectorAll('a[aria-current]')) link.removeAttribute('aria-current');
  const link = [...nav.querySelectorAll('a')].find((one) => one.getAttribute('href') === href);
  link?.setAttribute('aria-current', 'page');
  const fold = link?.closest('details');
  if (fold) fold.open = true;
  link?.scrollIntoView({ block: 'nearest' });
}

function showMenu(open) {
  at('menu').setAttribute('aria-expanded', String(open));
  document.body.classList.toggle('menu-open', open);
}

// What is pressed in place of the same link, which leads nowhere new.
const failure = (error, again) => [
  element('h1', { tabindex: '-1' }, 'This did not load'),
  element('p', {}, error.message),
  element('button', { type: 'button', onclick: again }, 'Try again'),
];

async function show(site, focus) {
  leavePane();
  const whole = decoded(location.hash || '#/');
  const [href, anchor] = whole.split('~');
  const entry = site.operations.find((one) => one.href === href);
  const page = site.pages.find((one) => one.href === href);
  let view;
  try {
    if (entry) view = operationView(site.openapi, entry);
    else if (page) view = await pageView(page);
    else if (href === '#/') view = overview(site);
    else
      view = [
        element('h1', { tabindex: '-1' }, 'There is no such page'),
        element('p', {}, element('a', { href: '#/' }, 'Overview')),
      ];
  } catch (error) {
    view = failure(error, () => show(site, true));
  }
  if (decoded(location.hash || '#/') !== whole) return; // somebody was faster
  at('content').replaceChildren(...view);
  const tries = entry !== undefined && !entry.event;
  at('request').hidden = !tries;
  document.body.classList.toggle('has-request', tries);
  if (tries) at('request').replaceChildren(...requestPane(entry, site));
  else noRequest();
  document.title = `${at('content').querySelector('h1')?.textContent ?? ''} · ${site.openapi.info.title}`;
  mark(href);
  showMenu(false);
  const target = anchor && document.getElementById(anchor);
  if (target) return target.scrollIntoView();
  scrollTo(0, 0);
  at('content').scrollTop = 0;
  if (focus) at('content').querySelector('h1')?.focus({ preventScroll: true });
}

// ---- Search ---------------------------------------------------------------------------------------------------

// The texts of the guides come when somebody searches first.
const textsOf = ({ pages }) => (pages.length > 0 ? json('/docs/guides/search.json') : {});

function everything({ openapi, operations, pages }, texts) {
  return indexOf([
    ...operations.map(({ id, path, tag, href, operation, event }) => ({
      kind: event ? 'event' : 'operation',
      minor: event !== undefined,
      title: operation.summary ?? id,
      names: [id, path, tag],
      text: operation.description,
      href,
    })),
    ...pages.flatMap((page) =>
      (texts[page.name] ?? []).map(({ id, heading, text }) => ({
        kind: 'guide',
        title: id ? `${page.title}: ${heading}` : page.title,
        names: id ? [] : [heading, page.summary],
        text,
        href: id ? `${page.href}~${id}` : page.href,
      })),
    ),
    ...Object.entries(openapi['x-problems'] ?? {}).map(([code, { title }]) => ({
      kind: 'error',
      minor: true,
      title: code,
      names: [code],
      text: title,
      href: `/problems/${code}`,
    })),
  ]);
}

function search(site) {
  const [query, found] = [at('query'), at('found')];
  let index;
  const close = () => (found.hidden = true);
  const draw = async () => {
    const asked = query.value;
    if (asked.trim() === '') return close();
    let fault;
    try {
      index ??= everything(site, await textsOf(site));
    } catch (error) {
      fault = `: without the texts of the guides, which did not load (${error.message})`;
    }
    if (query.value !== asked) return;
    const hits = find(index ?? everything(site, {}), asked);
    const rows = hits.map(({ kind, title, href }) =>
      element('li', {}, element('a', { href, onclick: close }, element('small', {}, kind), title)),
    );
    found.replaceChildren(
      element('p', { role: 'status' }, hits.length === 0 ? 'Nothing found' : `${hits.length} found`, fault ?? ''),
      element('ul', {}, ...rows),
    );
    found.hidden = false;
  };
  const links = () => [...found.querySelectorAll('a')];
  query.addEventListener('input', draw);
  query.addEventListener('focus', draw);
  at('search').addEventListener('submit', (event) => {
    event.preventDefault();
    links()[0]?.click();
  });
  at('search').addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      if (!found.hidden) event.preventDefault(); // one press closes one thing
      if (document.activeElement !== query) query.focus();
      return close();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || found.hidden) return;
    event.preventDefault();
    const all = [query, ...links()];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '')) return;
    event.preventDefault();
    query.focus();
  });
  document.addEventListener('click', (event) => at('search').contains(event.target) || close());
}

// ---- Start ----------------------------------------------------------------------------------------------------

function theme() {
  const button = at('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const dark = () => (browser.get('reader.theme') ?? (system.matches ? 'dark' : 'light')) === 'dark';
  const draw = () => {
    document.documentElement.dataset.theme = dark() ? 'dark' : 'light';
    button.textContent = dark() ? 'Light' : 'Dark';
  };
  button.addEventListener('click', () => {
    browser.set('reader.theme', dark() ? 'light' : 'dark');
    draw();
  });
  system.addEventListener('change', draw);
  draw();
}

async function start() {
  theme();
  const isOpen = () => at('menu').getAttribute('aria-expanded') === 'true';
  at('menu').addEventListener('click', () => showMenu(!isOpen()));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !isOpen()) return;
    showMenu(false);
    at('menu').focus();
  });
  const [config, openapi] = await Promise.all([json('/docs/reader.json'), json('/openapi.json')]);
  const groups = (config.guides ? await json('/docs/guides/index.json') : []).map(({ name, pages }) => ({
    name,
    pages: pages.map((page) => ({ ...page, href: `#/guide/${page.name}` })),
  }));
  const site = {
    config,
    openapi,
    groups,
    pages: groups.flatMap(({ pages }) => pages),
    operations: operationsOf(openapi),
    server: serverOf(openapi, location),
    sdk: config.sdk,
    sdkPage: groups.flatMap(({ pages }) => pages).find(({ name }) => name === config.sdkPage),
  };
  at('brand').replaceChildren(...inline(openapi.info.title));
  at('navigation').replaceChildren(...navigation(site));
  accountButton(config, site.server);
  search(site);
  globalThis.addEventListener('hashchange', () => show(site, true));
  // The skip link, and the headings' links of a guide, are no pages.
  document.addEventListener('click', (event) => {
    const href = event.target.closest?.('a')?.getAttribute('href');
    const target = { '#content': at('content'), '#try': at('try') }[href];
    if (!target) return;
    event.preventDefault();
    target.focus();
    target.scrollIntoView();
  });
  if (location.hash === '') history.replaceState(null, '', '#/');
  await show(site, false);
}

start().catch((error) => {
  at('content').replaceChildren(...failure(error, () => location.reload()));
});
