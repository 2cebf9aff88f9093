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

// Whether a reply settles what was sent, so that the next one is another: the problem says so itself. A reply that is not whole, a
// failure without a problem and what the document does not know settle nothing.
// answer: { status, type, body, cut }; responses: those of the operation, resolved.
export function settles({ status, type, body, cut }, responses) {
  if (cut !== undefined) return false;
  if (status >= 400) return body?.retriable === false;
  const response = responses[status];
  const types = Object.keys(response?.content ?? {});
  const [media] = type.toLowerCase().split(/\s*;/);
  const fits = (one) => one === '*/*' || one === media || (one.endsWith('/*') && media.startsWith(one.slice(0, -1)));
  return response !== undefined && (types.length === 0 || types.some(fits));
}
