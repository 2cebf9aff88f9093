/* global document, clearTimeout, setTimeout */
// The reply of the third pane: while it comes, and when it is there.
import { element } from './dom.js';
import { readerOf } from './made.js';

export const codeBlock = (text, label) =>
  element('pre', { tabindex: '0', role: 'region', 'aria-label': label }, element('code', {}, text));

// What exchange() tells of a reply that comes. stop: ends it.
export function coming(place, stop) {
  const state = element('p', {}, 'Waiting for the answer');
  let block;
  let held = '';
  let timer;
  const flush = () => {
    timer = undefined;
    block ??= place.appendChild(codeBlock('', 'The reply, so far'));
    block.firstElementChild.append(held);
    held = '';
  };
  const end = () => clearTimeout(timer);
  place.replaceChildren(state, element('button', { type: 'button', onclick: stop }, 'Stop'));
  return {
    // Once more when a token was renewed.
    head({ status }) {
      end();
      [timer, held] = [undefined, ''];
      block?.remove();
      block = undefined;
      state.textContent = `${status}, and more to come`;
    },
    text(part) {
      held += part;
      timer ??= setTimeout(flush, 100); // a short reply is drawn once
    },
    end,
    hasFocus: () => place.contains(document.activeElement),
  };
}

const line = (...content) => element('p', { class: 'limits' }, ...content);

// refused: by the last answer, which says nothing of the attempts before it.
export function keyStays(stays, refused = false) {
  const why = refused ? 'An attempt before this one may have been done all the same.' : 'This is not settled.';
  const how = 'Send keeps the key, so that nothing is done twice. To begin anew, write another key.';
  return stays ? [line(`${why} ${how}`)] : [];
}

function whatWasSent(request) {
  const lines = [`${request.method} ${request.url}`, ...request.headers.map(([name, value]) => `${name}: ${value}`)];
  const sent = request.file ? '(the bytes of the file)' : request.body;
  return element(
    'details',
    {},
    element('summary', {}, 'What was sent'),
    codeBlock([...lines, ...(sent === undefined ? [] : ['', sent])].join('\n'), 'What was sent'),
  );
}

// A reply, and what it is the reply to. An address that an operation reads is a link to it.
// keeps: the next press sends the same key.
export function replyView(request, answer, { operations, keeps }) {
  const { status, took, id, replayed, location, text, cut, body } = answer;
  const reader = location && readerOf(operations, location);
  const place = reader ? element('a', { href: reader.entry.href }, location) : location;
  return [
    element('p', { class: status < 400 ? 'good' : 'bad' }, element('strong', {}, String(status)), ` in ${took} ms`),
    ...(cut ? [line(`It ends here: ${cut}.`)] : []),
    ...keyStays(keeps, body?.retriable === false),
    ...(replayed ? [line(`Idempotent-Replayed: ${replayed}: the stored reply, nothing was done again`)] : []),
    ...(location ? [line('Location: ', place)] : []),
    ...(id ? [line(`Request ${id}`)] : []),
    ...(text ? [codeBlock(text, 'The reply')] : []),
    whatWasSent(request),
  ];
}
