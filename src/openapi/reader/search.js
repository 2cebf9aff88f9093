// Finds entries by the beginnings of words: every word that is asked for has to be there. Pure functions.
//
//     const index = indexOf([{ title: 'Record a sale', names: ['createSale'], text: '…', href: '#/…' }, …]);
//     find(index, 'rec sale') → the entries, best first, 30 at most

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '');
// "WebSocket", "e-mail", "total_mismatch" is two.
const runsOf = (text) => plain(text).match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*/gu) ?? [];
const wholeOf = (run) => run.replace(/[-'’]/g, '').toLowerCase();
const partsOf = (run) =>
  run
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

// "createSale" is "createsale", "create" and "sale", and "M-Pesa" is "mpesa", "m" and "pesa"; accents do not count.
export const wordsOf = (text) => [
  ...new Set(runsOf(text).flatMap((run) => (partsOf(run).length > 1 ? [wholeOf(run), ...partsOf(run)] : partsOf(run)))),
];
// Two words of a title are one for who writes them so: "receiptnumber".
const pairsOf = (text) => {
  const runs = runsOf(text).map(wholeOf);
  return runs.slice(1).map((run, at) => runs[at] + run);
};

export const indexOf = (entries) =>
  entries.map((entry) => ({
    entry,
    title: [...wordsOf(entry.title), ...pairsOf(entry.title)],
    names: (entry.names ?? []).flatMap((name) => [name.toLowerCase(), ...wordsOf(name)]),
    firsts: [entry.title, ...(entry.names ?? [])].map((text) => partsOf(runsOf(text)[0] ?? '')[0]),
    words: wordsOf(entry.text ?? ''),
  }));

// A whole word counts more than its beginning, a title or a name more than a text, and the word that it begins with a little more. What
// is seldom looked for (`minor`) comes behind its equals.
function worthOf({ entry, title, names, firsts, words }, asked) {
  const within = (all, whole, begun) => {
    if (all.includes(asked)) return whole;
    return all.some((word) => word.startsWith(asked)) ? begun : 0;
  };
  const named = Math.max(within(title, 12, 8), within(names, 12, 7));
  if (named === 0) return within(words, 3, 1);
  return named + (firsts.includes(asked) ? 1 : 0) - (entry.minor ? 4 : 0);
}

// Of a word with capitals within, or hyphens: the whole, or all its parts.
function worthOfRun(one, run) {
  const whole = worthOf(one, wholeOf(run));
  const parts = partsOf(run).map((part) => worthOf(one, part));
  if (parts.length < 2 || parts.includes(0)) return whole;
  return Math.max(whole, parts.reduce((sum, worth) => sum + worth, 0) / parts.length);
}

const joined = (text) => runsOf(text).map(wholeOf).join('');

// What is called as it was asked for, but for an ending ("webhook"), comes before what has the word among others.
function isCalled({ entry }, asked) {
  const title = joined(entry.title);
  return title.startsWith(asked) && title.length - asked.length <= 1;
}

export function find(index, query, limit = 30) {
  const asked = runsOf(query);
  const all = joined(query);
  if (asked.length === 0) return [];
  return index
    .map((one, place) => {
      const worths = asked.map((run) => worthOfRun(one, run));
      const sum = worths.reduce((so, worth) => so + worth, 0);
      return { entry: one.entry, place, worth: worths.includes(0) ? 0 : sum + (isCalled(one, all) ? 4 : 0) };
    })
    .filter(({ worth }) => worth > 0)
    .sort((one, other) => other.worth - one.worth || one.place - other.place)
    .slice(0, limit)
    .map(({ entry }) => entry);
}
