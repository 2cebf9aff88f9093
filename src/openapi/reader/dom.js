/* global document */
// Elements out of text: nothing that comes from outside becomes markup.
//
//     element('a', { href: '#/', class: 'brand' }, 'Home', element('small', {}, '1.0'))

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

// A part of an address. A percent sign that is no encoding stays what it is.
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// `code` between backticks, as descriptions write it.
export const inline = (text) =>
  text.split('`').map((part, number) => (number % 2 === 1 ? element('code', {}, part) : part));

// Paragraphs and lists of a description.
export function prose(text = '') {
  return text
    .trim()
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((part) => {
      const lines = part.split('\n');
      if (!lines.every((line) => /^[*-] /.test(line))) return element('p', {}, ...inline(part.replaceAll('\n', ' ')));
      return element('ul', {}, ...lines.map((line) => element('li', {}, ...inline(line.slice(2)))));
    });
}
