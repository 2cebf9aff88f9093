// src/html against a browser: texts that run scripts and make requests, each with the name of its technique (html-vectors.json), and
// spellings of URLs (html-urls.json). As they are, many of them fire in Chromium; cleaned, none does, wherever the result is put. There is
// no content security policy that could help.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { BrowserContext, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { environment, exampleEnvironment, repository } from './support/environment.js';
import { run } from './support/process.js';

interface Vector {
  technique: string;
  html: string;
}
interface Spelling {
  technique: string;
  // As it stands between the quotes of an attribute.
  url: string;
  // What it may become; none: it is left out.
  clean?: string;
}
interface Answer {
  clean: string;
  again: string;
  text: string;
  fault?: string;
}

const read = (name: string) => JSON.parse(readFileSync(path.join(repository, 'tests/e2e', name), 'utf8'));
const vectors = read('html-vectors.json') as Vector[];
const spellings = read('html-urls.json') as Spelling[];
const linkOf = (url: string) => `<a href="${url.replaceAll('"', '&quot;')}">x</a>`;

// ---- src/html, by a program that answers lines of JSON (fuzz/html_probe.cpp) -----------------------------------------------------

const probe = (() => {
  const env = exampleEnvironment();
  const root = process.env.BACKEND_API_BUILD_ROOT ?? path.join(repository, 'build');
  return { program: path.join(root, env.EXAMPLE_PRESET!, 'fuzz/html_probe'), env };
})();

// Texts that are refused become empty ones: nothing of them is stored.
async function cleanAll(texts: string[], lists: 'usual' | 'generous'): Promise<Answer[]> {
  const input = texts.map((text) => `${JSON.stringify(text)}\n`).join('');
  const { code, output } = await run(probe.program, [lists], probe.env, { input });
  if (code !== 0) throw new Error(`html_probe ended with ${code}:\n${output.slice(-4000)}`);
  const answers = output.trim().split('\n').map((line) => JSON.parse(line) as Answer); // prettier-ignore
  expect(answers).toHaveLength(texts.length);
  return answers.map((answer) => (answer.fault ? { clean: '', again: '', text: '', fault: answer.fault } : answer));
}

const htmls = vectors.map((vector) => vector.html);
const links = spellings.map(({ url }) => linkOf(url));

// All texts and links, once for all tests.
const answers = new Map<string, Promise<Answer[]>>();
async function cleaned(lists: 'usual' | 'generous'): Promise<{ htmls: Answer[]; links: Answer[] }> {
  if (!answers.has(lists)) answers.set(lists, cleanAll([...htmls, ...links], lists));
  const all = await answers.get(lists)!;
  return { htmls: all.slice(0, htmls.length), links: all.slice(htmls.length) };
}

// ---- pages -----------------------------------------------------------------------------------------------------------------------

const origin = 'http://page.example';
const pages = new Map<string, string>();
// The path of the page, or of the outermost frame within it, that ran a script.
const hits: string[] = [];
const requests: string[] = [];
let browser: BrowserContext;
let page: Page;

function pathOf(frame: Frame): string {
  let at: Frame | null = frame;
  while (at && !new URL(at.url() || 'about:blank').pathname.startsWith('/text/')) at = at.parentFrame();
  return at ? new URL(at.url()).pathname : 'somewhere';
}

// Every host of the browser: our pages, and nothing else. (Requests that wait for a handler of Playwright's take most of the time.)
const server = createServer((request, reply) => {
  const body = request.headers.host === new URL(origin).host ? pages.get(request.url!) : undefined;
  reply.writeHead(body === undefined ? 404 : 200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  reply.end(body);
});

beforeAll(async () => {
  if (noBrowser) return;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  browser = await openBrowser([`--host-resolver-rules=MAP * 127.0.0.1:${(server.address() as AddressInfo).port}`]);
  await browser.exposeBinding('hit', ({ frame }) => void hits.push(pathOf(frame)));
  browser.on('request', (request) => {
    const url = request.url();
    if (/^(https?|ftp|wss?):/i.test(url) && new URL(url).origin !== origin) requests.push(url);
  });
  page = await browser.newPage();
});

afterAll(async () => {
  if (browser) await closeBrowser(browser);
  server.closeAllConnections();
  server.close();
});

// What a reader may do, to every element, one after the other. In a page: no closures.
async function poke(): Promise<void> {
  const kinds =
    'mouseover mouseenter mousedown mouseup pointerover pointerdown pointerenter focus focusin keydown keyup wheel';
  const more =
    'contextmenu dblclick dragstart copy paste auxclick touchstart beforeinput selectstart scroll input change toggle';
  const keep = (event: Event) => {
    if ((event.target as Element).closest?.('a[href^="http"]')) event.preventDefault();
  };
  document.addEventListener('click', keep, true);
  for (const element of document.querySelectorAll<HTMLElement>('*')) {
    for (const kind of `${kinds} ${more}`.split(' ')) element.dispatchEvent(new Event(kind));
    element.focus?.();
    element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }));
    // A link to a script is followed later, and not if another one is clicked before.
    const target = element.closest('a, button, input, area');
    if (!target || (target instanceof HTMLAnchorElement && !target.hasAttribute('href'))) continue;
    await new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage('');
    });
  }
}

async function pokeAll(): Promise<void> {
  // A frame may go elsewhere meanwhile.
  await Promise.all(page.frames().map((frame) => frame.evaluate(poke).catch(() => undefined)));
}

// A script that was certain to run has run: so have those that were there before it.
let settled = 0;
async function settle(): Promise<void> {
  const last = `/text/last-${++settled}`;
  pages.set(last, `<img src=none.png onerror=hit()>`);
  const frame = `const f = document.createElement('iframe'); f.src = '${last}'; document.body.append(f)`;
  await page.evaluate(frame);
  await expect.poll(() => hits.includes(last), { timeout: 60_000 }).toBe(true);
}

interface Seen {
  // One for each time.
  hits: string[];
  requests: string[];
}

// Each text is a page of its own, in a frame; what a click would ask of other hosts is no request of the text. The frames are small, as
// drawing them is what takes the time.
async function show(texts: Map<string, string>): Promise<Seen> {
  hits.length = 0;
  const seen: Seen = { hits: [], requests: [] };
  const entries = [...texts];
  for (let from = 0; from < entries.length; from += 54) {
    const some = entries.slice(from, from + 54);
    for (const [name, html] of some) pages.set(`/text/${name}`, `<!doctype html><body>${html}`);
    const frames = some.map(([name]) => `<iframe src="/text/${name}"></iframe>`);
    pages.set('/all', `<!doctype html><style>iframe { width: 20px; height: 20px }</style>${frames.join('')}`);
    requests.length = 0;
    await page.goto(`${origin}/all`, { waitUntil: 'domcontentloaded' });
    await settle();
    seen.requests.push(...requests);
    await pokeAll();
    await settle();
  }
  await page.goto('about:blank'); // what moves there takes time from what is next
  seen.hits = hits.filter((hit) => !hit.startsWith('/text/last-')).map((hit) => hit.replace('/text/', ''));
  return seen;
}

// Clean texts are well formed, so many are one page.
const together = (cleans: string[]) => cleans.map((clean, i) => `<section id=s${i}>${clean}</section>`).join('\n');

async function open(pathname: string, body: string): Promise<void> {
  pages.set(pathname, `<!doctype html><body>${body}`);
  await page.goto(origin + pathname);
}

// ---- tests -----------------------------------------------------------------------------------------------------------------------

test('the files have many techniques, and nothing twice', () => {
  expect(vectors.length).toBeGreaterThanOrEqual(300);
  expect(new Set(vectors.map((vector) => vector.html)).size).toBe(vectors.length);
  expect(new Set(vectors.map((vector) => vector.technique)).size).toBeGreaterThanOrEqual(50);
  expect(spellings.length).toBeGreaterThanOrEqual(200);
});

describe.skipIf(noBrowser)('texts of strangers in Chromium', () => {
  test('as they are, at least a hundred run a script, and many make requests', async () => {
    // Half of them are enough to be a hundred.
    const some = htmls.map((html, i) => [String(i), html] as const).filter((_, i) => environment.long || i % 2 === 0);
    const seen = await show(new Map(some));
    console.log(`${new Set(seen.hits).size} of ${some.length} texts ran a script, ${seen.requests.length} requests`);
    expect(new Set(seen.hits).size).toBeGreaterThanOrEqual(environment.long ? 200 : 100);
    expect(new Set(seen.requests).size).toBeGreaterThanOrEqual(environment.long ? 20 : 10);
  });

  test('cleaned, none does, nor where it was not cleaned for', async () => {
    const [usual, generous] = [(await cleaned('usual')).htmls, (await cleaned('generous')).htmls];
    const cleans = [...usual, ...generous].map((answer) => answer.clean);
    const wrappers: Record<string, (clean: string) => string> = {
      nothing: (clean) => clean,
      textarea: (clean) => `<textarea>${clean}</textarea>`,
      title: (clean) => `<svg><title>${clean}</title></svg><title>${clean}</title>`,
      noscript: (clean) => `<noscript>${clean}</noscript>`,
      xmp: (clean) => `<xmp>${clean}</xmp>`,
      style: (clean) => `<style>/*${clean}*/</style>`,
      iframe: (clean) => `<iframe>${clean}</iframe>`,
      comment: (clean) => `<!-- ${clean} -->`,
      attribute: (clean) => `<p title="${clean}">x</p>`,
      'single-quotes': (clean) => `<p title='${clean}'>x</p>`,
      script: (clean) => `<script>var x = ${JSON.stringify(clean)}</script>`,
      json: (clean) => `<script type=application/json>${JSON.stringify(clean)}</script>`,
      select: (clean) => `<select><option>${clean}</select>`,
      foreign: (clean) => `<svg><desc>${clean}</desc></svg><math><mtext>${clean}</mtext></math>`,
    };
    // The smaller lists give parts of what the generous ones give.
    const texts = Object.entries(wrappers).map(
      ([name, wrap]) => [name, together((name === 'nothing' ? cleans : cleans.slice(htmls.length)).map(wrap))] as const,
    );
    const seen = await show(new Map(texts));
    expect(seen).toEqual({ hits: [], requests: [] });
  });

  test('cleaning again changes no byte, and Chromium reads the same tree from it each time', async () => {
    const both = [await cleaned('usual'), await cleaned('generous')];
    const answers = both.flatMap(({ htmls, links }) => [...htmls, ...links]);
    expect(answers.filter((answer) => answer.again !== answer.clean)).toEqual([]);
    await open('/empty', '');
    const differing = await page.evaluate((cleans) => {
      const parse = (html: string) => {
        const div = document.createElement('div');
        div.innerHTML = html;
        return div;
      };
      return cleans.filter((clean) => {
        const first = parse(clean);
        const whole = new DOMParser().parseFromString(`<!doctype html><body><div>${clean}</div>`, 'text/html');
        const tags = clean.match(/<[a-z]/g)?.length ?? 0;
        return (
          !first.isEqualNode(parse(first.innerHTML)) ||
          !first.isEqualNode(document.importNode(whole.body.firstElementChild!, true)) ||
          first.querySelectorAll('*').length !== tags
        );
      });
    }, [...new Set(answers.map((answer) => answer.clean))]); // prettier-ignore
    expect(differing).toEqual([]);
  });

  test('a URL is what the browser takes it for, and four schemes remain', async () => {
    const clean = (await cleaned('usual')).links.map((answer) => answer.clean);
    const read = (all: string[]) =>
      page.evaluate(
        (all) =>
          all.map((html) => {
            const div = document.createElement('div');
            div.innerHTML = html;
            const link = div.querySelector('a')!;
            return { href: link.getAttribute('href'), protocol: link.protocol };
          }),
        all,
      );
    await open('/empty', '');
    const [before, after] = [await read(links), await read(clean)];
    expect(after.map(({ href }) => href)).toEqual(spellings.map(({ clean }) => clean ?? null));
    for (const [i, { href, protocol }] of after.entries()) {
      if (href === null) continue;
      expect(['http:', 'https:', 'mailto:', 'tel:']).toContain(protocol);
      expect(protocol).toBe(before[i]!.protocol);
    }
    // Those that the browser follows as a script are followed.
    const scripts = links.filter((_, i) => before[i]!.protocol === 'javascript:');
    expect(scripts.length).toBeGreaterThanOrEqual(100);
    const fired = await show(new Map([['scripts', together(scripts)]]));
    expect(fired.hits.length).toBeGreaterThanOrEqual(100);
    expect((await show(new Map([['clean', together(clean)]]))).hits).toEqual([]);
  });
});
