// node render_pages.mjs CONTENTS OUTPUT [FILE...]: the pages that CONTENTS (a page of Markdown) lists, as pieces of HTML for the reader
// of src/openapi: OUTPUT/NAME.html, OUTPUT/index.json (groups, titles) and OUTPUT/search.json (texts by heading), each beside its
// brotli and gzip form. With FILEs the list has to be these, so that none is forgotten. Same input, same bytes.
//
// CONTENTS has a heading for each group, and below it a list of links, each with words of what the page is about:
//
//     ## Guides
//     - [Offline in ten minutes](offline.md): sell while there is no network
//
// The name of a page is its path from the folder of CONTENTS, or from a folder above, without ".md"; of a README its folder's. A link
// to a page that is listed leads to it; one to anything else of the repository becomes text with the path there, as the reader serves
// no sources.
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import MarkdownIt from 'markdown-it';
import { writeCompressed } from './compress.mjs';

const markdown = new MarkdownIt({ html: true, linkify: false, typographer: false });
const { escapeHtml } = markdown.utils;

// As GitHub makes them, so that links work in both places.
const anchorOf = (text) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const textOf = (inline) =>
  inline.children
    .map(({ type, content }) => (type === 'softbreak' ? ' ' : /^(text|code_inline)$/.test(type) ? content : ''))
    .join('');

export function contentsOf(file) {
  const folder = path.dirname(file);
  const groups = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const heading = /^## (.+)$/.exec(line);
    if (heading) groups.push({ name: heading[1], pages: [] });
    const entry = /^- \[(.+?)\]\((.+?\.md)\)(?:: (.+))?$/.exec(line);
    if (!entry) continue;
    const source = path.join(folder, entry[2]);
    const name = path
      .relative(folder, source)
      .replace(/^(\.\.\/)+/, '')
      .replace(/(\/README)?\.md$/, '');
    groups.at(-1).pages.push({ name, title: entry[1], summary: entry[3] ?? '', source });
  }
  return groups.filter(({ pages }) => pages.length > 0);
}

const repository = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

// A path in the repository, for whom a page of ours has no link.
const placeOf = (href, source) =>
  path.relative(repository, path.resolve(path.dirname(source), href.split('#')[0])).replaceAll('\\', '/');

// What a link of this page becomes: another page of the reader, an address elsewhere, or nothing.
function targetOf(href, source, pages) {
  if (/^https?:|^mailto:/.test(href)) return href;
  const [target, anchor] = href.split('#');
  const file = target === '' ? source : path.join(path.dirname(source), target);
  const page = pages.find((one) => path.resolve(one.source) === path.resolve(file));
  return page && `#/guide/${page.name}${anchor ? `~${anchor}` : ''}`;
}

// { html, sections: [{ id, heading, text }] }
export function render(text, source, pages) {
  const tokens = markdown.parse(text, {});
  const sections = [];
  const seen = new Map();
  for (const [at, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const heading = textOf(tokens[at + 1]);
      const plain = anchorOf(heading);
      const count = seen.get(plain) ?? 0;
      seen.set(plain, count + 1);
      const id = count === 0 ? plain : `${plain}-${count}`;
      token.attrSet('id', id);
      sections.push({ id: sections.length === 0 ? '' : id, heading, text: '' });
    } else if (sections.length > 0 && tokens[at - 1]?.type !== 'heading_open') {
      if (token.type === 'inline') sections.at(-1).text += `${textOf(token)}\n`;
      if (token.type === 'fence') sections.at(-1).text += `${token.content}\n`;
    }
    // Comments are for the tests; nothing else is written as HTML.
    if (token.type === 'html_block') {
      if (!/^\s*<!--[\s\S]*-->\s*$/.test(token.content))
        throw new Error(`${source}: HTML is not for pages: ${token.content}`);
      token.content = '';
    }
    if (token.type === 'inline') linksOf(token.children, source, pages);
  }
  return { html: markdown.renderer.render(tokens, markdown.options, {}), sections };
}

function linksOf(children, source, pages) {
  const open = [];
  for (const child of children) {
    if (child.type === 'html_inline' && /^<!--/.test(child.content)) child.content = '';
    else if (child.type === 'html_inline') throw new Error(`${source}: HTML is not for pages: ${child.content}`);
    if (child.type === 'link_open') {
      const target = targetOf(child.attrGet('href'), source, pages);
      open.push({ target, place: placeOf(child.attrGet('href'), source), text: '' });
      if (target === undefined) Object.assign(child, { tag: 'span', attrs: null });
      else child.attrSet('href', target);
      if (/^https?:/.test(target ?? '')) child.attrSet('rel', 'noreferrer');
    } else if (/^(text|code_inline)$/.test(child.type) && open.length > 0) open.at(-1).text += child.content;
    if (child.type !== 'link_close') continue;
    const { target, place, text } = open.pop();
    if (target !== undefined) continue;
    const told = text === place ? '' : `<code>${escapeHtml(place)}</code> `;
    Object.assign(child, { type: 'html_inline', content: `</span> (${told}in the repository)` });
  }
}

markdown.renderer.rules.fence = (tokens, at) => {
  const language = tokens[at].info.trim().split(/\s+/)[0];
  const label = escapeHtml(language || 'Code');
  const caption = language ? `<figcaption>${label}</figcaption>` : '';
  const code = `<pre tabindex="0" role="region" aria-label="${label}"><code>${escapeHtml(tokens[at].content)}</code></pre>`;
  return `<figure class="code">${caption}${code}</figure>\n`;
};
markdown.renderer.rules.image = (tokens, at) => escapeHtml(tokens[at].content);
// A wide table is moved to the side by itself, also with the keyboard.
markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0" role="region" aria-label="Table"><table>\n';
markdown.renderer.rules.table_close = () => '</table></div>\n';
// Tables that need no heads have empty ones, which a screen reader would read.
markdown.renderer.rules.th_open = (tokens, at, options, _, self) => {
  if (textOf(tokens[at + 1]) !== '') return self.renderToken(tokens, at, options);
  tokens[at + 2].tag = 'td';
  return '<td>';
};

function main(contents, output, files) {
  const groups = contentsOf(contents);
  const pages = groups.flatMap((group) => group.pages);
  const listed = pages.map(({ source }) => path.resolve(source));
  const forgotten = files.filter(
    (file) => !listed.includes(path.resolve(file)) && path.resolve(file) !== path.resolve(contents),
  );
  const unknown = files.length > 0 ? listed.filter((file) => !files.some((one) => path.resolve(one) === file)) : [];
  if (forgotten.length > 0) throw new Error(`${contents} does not list ${forgotten.join(', ')}`);
  if (unknown.length > 0) throw new Error(`the build does not depend on ${unknown.join(', ')}`);
  const write = (name, text) => writeCompressed(Buffer.from(text), path.join(output, name));
  const texts = {};
  for (const page of pages) {
    const { html, sections } = render(readFileSync(page.source, 'utf8'), page.source, pages);
    texts[page.name] = sections;
    write(`${page.name}.html`, html);
  }
  write(
    'index.json',
    JSON.stringify(
      groups.map(({ name, pages }) => ({
        name,
        pages: pages.map(({ name, title, summary }) => ({ name, title, summary })),
      })),
    ),
  );
  write('search.json', JSON.stringify(texts));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [contents, output, ...files] = process.argv.slice(2);
  main(contents, output, files);
}
