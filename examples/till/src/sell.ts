// The screen that sells: what there is, and what the customer takes.
import { baskets, isAsked, type Line, totalsOf } from './basket.js';
import type { Article } from './catalogue.js';
import { h, icon, put, toast } from './dom.js';
import { showArticle } from './article.js';
import { money, plain } from './money.js';
import { payCash, payMpesa } from './pay.js';
import { till } from './till.js';

const mostTiles = 60;

/** By the shop's calendar, as tax rates are. */
const today = (): string => new Intl.DateTimeFormat('en-CA', { timeZone: till.profile.timeZone }).format(new Date());

export interface Screen {
  element: HTMLElement;
  /** The catalogue is another. */
  refresh(): void;
  /** While the first one comes. */
  progress(text: string): void;
}

export function sellScreen(): Screen {
  const tiles = h('div', { class: 'tiles' });
  const more = h('p', { class: 'more', role: 'status' });
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Categories' });
  const search = h('input', {
    id: 'search',
    type: 'search',
    autocomplete: 'off',
    enterkeyhint: 'done',
    placeholder: 'Barcode or name',
    'aria-label': 'Barcode or name',
  });
  let category = '';

  const add = (article: Article, quantity = '1'): void => {
    if (!baskets.add(article, quantity)) return toast('M-Pesa was asked for this basket: end that first.');
    // Where the basket is not beside it.
    toast(`${article.name} added`, 'added');
  };
  const tile = (article: Article): HTMLElement =>
    h(
      'button',
      { class: 'tile', onclick: () => add(article) },
      article.imageUrl
        ? h('img', {
            src: article.imageUrl,
            alt: '',
            loading: 'lazy',
            onerror: ({ target }: Event) => (target as Element).remove(),
          })
        : null,
      h('span', { class: 'name' }, article.name),
      h('span', { class: 'price' }, plain(article.price)),
    );
  const list = (): void => {
    const { articles, more: others } = till.catalogue.find(search.value, category, today(), mostTiles);
    put(tiles, articles.map(tile));
    put(
      more,
      articles.length === 0 ? 'Nothing of this name.' : others > 0 ? `${others} more: type a part of the name.` : '',
    );
  };
  const showChips = (): void => {
    const chip = (id: string, name: string): HTMLElement =>
      h('button', { class: 'chip', 'aria-pressed': String(id === category), onclick: () => choose(id) }, name);
    put(
      chips,
      chip('', 'All'),
      till.catalogue.categories.map(({ id, name }) => chip(id, name)),
    );
  };
  const choose = (id: string): void => {
    category = id;
    showChips();
    list();
  };
  const scanned = (event: Event): void => {
    event.preventDefault();
    const code = search.value.trim();
    if (code === '') return;
    const found = till.catalogue.scan(code, today());
    const { articles } = till.catalogue.find(code, category, today(), 2);
    if (found) add(found.article, found.quantity);
    else if (articles.length === 1) add(articles[0]!);
    else
      return toast(
        articles.length === 0 ? `Nothing has the barcode ${code}.` : 'Several articles have this name: choose one.',
      );
    search.value = '';
    list();
  };
  search.addEventListener('input', list);
  const bar = h('form', { class: 'search', role: 'search', onsubmit: scanned }, search);
  const basket = basketPanel();
  const goods = h(
    'section',
    { class: 'goods', 'aria-label': 'Articles' },
    bar,
    chips,
    h('div', { class: 'scroll' }, tiles, more),
  );
  const element = h('main', {}, goods, basket.element, basket.opener);

  // A scanner types, wherever the focus is.
  element.ownerDocument.onkeydown = (event) => {
    const isFree = event.target === document.body || (event.target as Element).matches?.('.tile, .chip');
    if (isFree && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) search.focus();
  };
  const refresh = (): void => {
    showChips();
    list();
    basket.refresh();
  };
  const progress = (text: string): void => put(more, text);
  refresh();
  if (!till.catalogue.place) progress('The articles are on their way …');
  return { element, refresh, progress };
}

function basketPanel(): { element: HTMLElement; opener: HTMLElement; refresh(): void } {
  const lines = h('ul', { class: 'lines' });
  const total = h('output', { class: 'total', 'aria-live': 'polite' });
  const tax = h('p', { class: 'tax' });
  const cash = h('button', { class: 'primary', onclick: payCash }, 'Cash');
  const mpesa = h('button', { class: 'primary mpesa', onclick: payMpesa }, 'M-Pesa');
  const empty = h('button', { class: 'plain', onclick: () => baskets.clear() }, 'Empty');
  const close = h(
    'button',
    { class: 'plain narrow', 'aria-label': 'Back to the articles', onclick: () => open(false) },
    icon('back'),
  );
  const element = h(
    'section',
    { class: 'basket', 'aria-label': 'Basket' },
    h('header', {}, close, h('h2', {}, 'Basket'), empty),
    lines,
    h(
      'footer',
      {},
      tax,
      h('p', { class: 'sum' }, h('span', {}, 'Total'), total),
      h('div', { class: 'pay' }, cash, mpesa),
    ),
  );
  const opener = h('button', { class: 'opener primary narrow', onclick: () => open(true) });
  const open = (isOpen: boolean): void => void document.body.classList.toggle('in-basket', isOpen);

  const refresh = (): void => {
    const basket = baskets.present;
    const totals = totalsOf(basket);
    keepFocus(lines, () =>
      put(
        lines,
        basket.lines.map((line, index) => lineRow(line, totals?.lines[index]?.gross)),
      ),
    );
    if (basket.lines.length === 0) put(lines, h('li', { class: 'nothing' }, 'Scan a barcode, or choose an article.'));
    put(
      total,
      totals ? h('data', { value: totals.total }, money(totals.total)) : basket.lines.length === 0 ? money(0) : '–',
    );
    const rates = totals?.taxGroups.filter((group) => group.tax !== 0) ?? [];
    put(
      tax,
      rates.map((group) => `${group.taxInclusive ? 'incl.' : 'plus'} ${group.taxCode} ${plain(group.tax)}`).join(', '),
    );
    const isFixed = isAsked(basket);
    for (const button of lines.querySelectorAll<HTMLButtonElement>('button, input')) button.disabled = isFixed;
    empty.disabled = isFixed || basket.lines.length === 0;
    cash.disabled = isFixed || !totals || !till.maySell;
    mpesa.disabled = !totals || !till.maySell;
    put(
      opener,
      icon('basket'),
      h('span', {}, `Basket (${basket.lines.length})`),
      h('b', {}, totals ? money(totals.total) : ''),
    );
    if (basket.lines.length === 0) open(false);
  };
  baskets.changed.addEventListener('change', refresh);
  return { element, opener, refresh };
}

// The rows are made anew; whoever types in one goes on.
function keepFocus(within: HTMLElement, draw: () => void): void {
  const name = within.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : undefined;
  draw();
  if (name) within.querySelector<HTMLElement>(`[aria-label="${CSS.escape(name)}"]`)?.focus();
}

function lineRow(line: Line, gross: number | undefined): HTMLElement {
  const { article, quantity } = line;
  const { name } = article;
  const amount = h('input', {
    value: quantity,
    inputmode: 'decimal',
    autocomplete: 'off',
    'aria-label': `Quantity of ${name}`,
    'aria-invalid': gross === undefined ? 'true' : false,
    onchange: ({ target }: Event) => baskets.set(line, (target as HTMLInputElement).value),
  });
  const button = (label: string, sign: 'plus' | 'minus' | 'bin', act: () => void): HTMLElement =>
    h('button', { class: 'step', 'aria-label': `${label} ${name}`, onclick: act }, icon(sign));
  return h(
    'li',
    {},
    h(
      'button',
      { class: 'plain name', onclick: () => showArticle(article) },
      name,
      h('small', {}, `${plain(article.price)} / ${article.unit}`),
    ),
    h('span', { class: 'gross' }, gross === undefined ? 'quantity?' : plain(gross)),
    h(
      'div',
      { class: 'steps' },
      button('Less of', 'minus', () => baskets.step(line, -1)),
      amount,
      button('More of', 'plus', () => baskets.step(line, 1)),
      button('Without', 'bin', () => baskets.remove(line)),
    ),
  );
}
