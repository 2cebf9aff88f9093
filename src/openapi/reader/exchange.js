/* global AbortController, Blob, TextDecoder, clearTimeout, setTimeout */
// A request, and its reply as it comes. Everything has an end: a page that waits for good, six times over, has no connection left.

// Seconds for an answer, where bytes of a file are sent, and of events that come without end; bytes of a text that are read.
export const limits = { answer: 60, upload: 600, events: 300, text: 1 << 20 };

export const isJson = (type) => /[/+]json\b/i.test(type);
const isText = (type) => type === '' || /json|text/i.test(type);
export const isEvents = (type) => /^text\/event-stream\b/i.test(type);
export const typeOf = (reply) => reply.headers.get('Content-Type') ?? '';

// Ends what control's signal was given to.
export function endAfter(seconds, control) {
  return setTimeout(() => control.abort(new Error(`it took more than ${seconds} seconds`)), seconds * 1000);
}

// What `use` asks for with the signal, within a time.
export async function within(seconds, use) {
  const control = new AbortController();
  const timer = endAfter(seconds, control);
  try {
    return await use(control.signal);
  } catch (error) {
    throw control.signal.reason ?? error;
  } finally {
    clearTimeout(timer);
  }
}

// What has come when it ends: { text, bytes, cut }. cut: why it is not whole.
// told: each part of a text.
export async function received(reply, control, told = () => {}) {
  const reads = isText(typeOf(reply));
  const decoder = new TextDecoder();
  let [text, bytes, cut] = ['', 0, undefined];
  const take = (part) => {
    text += part;
    if (part !== '') told(part);
  };
  try {
    const reader = reply.body?.getReader();
    for (let next; reader && !(next = await reader.read()).done; bytes += next.value.length) {
      if (!reads) continue;
      take(decoder.decode(next.value.subarray(0, Math.max(0, limits.text - bytes)), { stream: true }));
      if (bytes + next.value.length > limits.text)
        control.abort(new Error(`it is longer than ${limits.text >> 20} MiB`));
    }
    take(decoder.decode());
  } catch (error) {
    cut = control.signal.reason?.message ?? `the connection broke: ${error.message}`;
  }
  return { text, bytes, cut };
}

// url, init: as fetch() takes them. control ends it, by its reason. told: head(reply), and text(part) for each part of a text.
// Gives { reply, text, bytes, cut }; throws when nothing has come.
export async function exchange(url, init, { control = new AbortController(), told } = {}) {
  let timer = endAfter(init.body instanceof Blob ? limits.upload : limits.answer, control);
  try {
    const reply = await fetch(url, { ...init, signal: control.signal });
    if (isEvents(typeOf(reply))) {
      clearTimeout(timer);
      timer = endAfter(limits.events, control);
    }
    told?.head(reply);
    return { reply, ...(await received(reply, control, (part) => told?.text(part))) };
  } catch (error) {
    throw control.signal.reason ?? error;
  } finally {
    clearTimeout(timer);
  }
}

// What the answer of an attempt says of it:
//
//   done      what the document promises, whole, from the service: it names each request (X-Request-Id)
//   refused   for good, and nothing was done
//   later     refused for now, and nothing was done
//   open      anything else: it may have arrived, and done its work. Nobody has answered, or not to the end, or somebody on the way, or
//             the service in the midst of it (5xx), or one that has still to do with an attempt before (409)
//
// answer: { status, type, id, body, cut }, or undefined; body: of JSON, null when it is none. responses: of the operation, resolved.
export function outcomeOf(answer, responses) {
  if (!answer || answer.cut !== undefined) return 'open';
  const { status, body } = answer;
  if (status < 400) return isPromised(answer, responses[status]) ? 'done' : 'open';
  if (body?.retriable === false) return 'refused';
  return body?.retriable === true && status < 500 && status !== 409 ? 'later' : 'open';
}

function isPromised({ type, id, body }, response) {
  if (!id || response === undefined || (isJson(type) && (body ?? null) === null)) return false;
  const types = Object.keys(response.content ?? {});
  const [media] = type.toLowerCase().split(/\s*;/);
  const fits = (one) => one === '*/*' || one === media || (one.endsWith('/*') && media.startsWith(one.slice(0, -1)));
  return types.length === 0 || types.some(fits);
}

// The attempts of a page, by their keys. leaves(key) says that one leaves; what it gives is told the answer, and says whether the key is
// settled, so that the next request is another: it is done, or it is refused and no attempt before may have arrived. A refusal says
// nothing of those: the session has ended since, or the body is another one.
//
//     const leaves = attempts();
//     const isSettled = leaves(key);
//     if (isSettled(answer, responses)) key = newKey();
export function attempts() {
  const open = new Map(); // key → how many of its attempts may have arrived
  return (key) => {
    const all = key === undefined ? new Map() : open; // without a key nothing ties one attempt to another
    all.set(key, (all.get(key) ?? 0) + 1);
    return (answer, responses) => {
      const outcome = outcomeOf(answer, responses);
      const others = (all.get(key) ?? 1) - 1;
      if (outcome === 'done' || (outcome !== 'open' && others === 0)) all.delete(key);
      else if (outcome !== 'open') all.set(key, others);
      return outcome === 'done' || (outcome === 'refused' && others === 0);
    };
  };
}

// The server that a page at `here` comes from, when the document names it; otherwise its first.
export function serverOf(openapi, { href, origin }) {
  const urls = (openapi.servers ?? []).map(({ url }) => new URL(url, href));
  const own = urls.find((url) => url.origin === origin) ?? urls[0] ?? new URL(origin);
  return own.href.replace(/\/$/, '');
}

// The responses of the operation that a request goes to, as the document has them; none when it has no such operation. Of two paths
// that fit, the one with fewer parameters. bases: the paths of the document's servers, without a slash at their end.
export function responsesOf(openapi, method, pathname, bases = ['']) {
  const parts = (path) => path.split('/');
  const fits = (path) => (wanted, at) => wanted === parts(path)[at] || /^\{\w+\}$/.test(parts(path)[at] ?? '');
  const found = Object.entries(openapi.paths ?? {})
    .filter(([path, item]) => item[method.toLowerCase()] !== undefined && isAt(path))
    .sort(([one], [other]) => one.split('{').length - other.split('{').length);
  function isAt(path) {
    return bases.some((base) => {
      if (!pathname.startsWith(`${base}/`)) return false;
      const wanted = parts(pathname.slice(base.length));
      return wanted.length === parts(path).length && wanted.every(fits(path));
    });
  }
  return found[0]?.[1][method.toLowerCase()].responses ?? {};
}
