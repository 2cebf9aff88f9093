// Elements without a framework: `h('button', { class: 'wide', onclick: pay }, 'Pay')`.
type Child = Node | string | number | false | null | undefined;
type Attributes = Record<string, unknown>;

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodes(children));
  return element;
}

const nodes = (children: (Child | Child[])[]): (Node | string)[] =>
  children
    .flat()
    .filter((child) => child !== false && child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : String(child)));

export const put = (into: Element, ...children: (Child | Child[])[]): void => into.replaceChildren(...nodes(children));

const paths = {
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  back: 'M15 5l-7 7 7 7',
  done: 'M5 13l4 4 10-10',
  clock: 'M12 7v5l3 2M12 3a9 9 0 100 18 9 9 0 000-18',
  alert: 'M12 4l9 16H3zM12 10v4M12 17v.5',
  basket: 'M4 9h16l-2 10H6zM8 9l4-5 4 5',
};

export function icon(name: keyof typeof paths): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}

/** Of the whole screen on a phone. It is gone when it is closed. */
export function openDialog(title: string, ...children: (Child | Child[])[]): HTMLDialogElement {
  const close = h('button', { class: 'plain', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('close'));
  const heading = h('h2', { id: `dialog-${++dialogs}` }, title);
  const dialog = h(
    'dialog',
    { 'aria-labelledby': heading.id, onclose: () => dialog.remove() },
    h('header', {}, heading, close),
    h('div', { class: 'body' }, ...children),
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
let dialogs = 0;

/** A short message that goes by itself, or when the next one comes. */
export function toast(text: string, kind = ''): void {
  const message = h('p', { class: `toast ${kind}`, role: 'status' }, text);
  document.querySelectorAll('.toast').forEach((other) => other.remove());
  (document.querySelector('dialog:last-of-type') ?? document.body).append(message);
  setTimeout(() => message.remove(), 4_000);
}

/** Runs what a form says, once at a time, and shows what went wrong beside it. */
export function form(submit: () => Promise<string | void>, ...children: (Child | Child[])[]): HTMLFormElement {
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const element = h('form', { novalidate: true }, ...children, wrong);
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (element.dataset.busy) return;
    element.dataset.busy = 'yes';
    wrong.textContent = '';
    try {
      wrong.textContent = (await submit()) ?? '';
    } catch (error) {
      wrong.textContent = String((error as Error).message ?? error);
    } finally {
      delete element.dataset.busy;
    }
  });
  return element;
}
