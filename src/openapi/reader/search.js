// Finds entries by the beginnings of words: every word that is asked for has to be there. Pure functions.
//
//     const index = indexOf([{ title: 'Record a sale', names: ['createSale'], text: '…', href: '#/…' }, …]);
//     find(index, 'rec sale') → the entries, best first, 30 at most

// "createSale" is also "create" and "sale"; accents do not count.
export const wordsOf = (text) =>
  text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

export const indexOf = (entries) =>
  entries.map((entry) => ({
    entry,
    title: wordsOf(entry.title),
    names: (entry.names ?? []).flatMap((name) => [name.toLowerCase(), ...wordsOf(name)]),
    words: [...new Set(wordsOf(entry.text ?? ''))],
  }));

// A whole word counts more than its beginning, a title more than a text.
function worthOf({ title, names, words }, asked) {
  const within = (all, whole, begun) => {
    if (all.includes(asked)) return whole;
    return all.some((word) => word.startsWith(asked)) ? begun : 0;
  };
  return Math.max(within(title, 12, 8), within(names, 10, 6), within(words, 3, 1));
}

export function find(index, query, limit = 30) {
  const asked = wordsOf(query);
  if (asked.length === 0) return [];
  return index
    .map((one, place) => {
      const worths = asked.map((word) => worthOf(one, word));
      const sum = worths.reduce((all, worth) => all + worth, 0);
      return { entry: one.entry, place, worth: worths.includes(0) ? 0 : sum };
    })
    .filter(({ worth }) => worth > 0)
    .sort((one, other) => other.worth - one.worth || one.place - other.place)
    .slice(0, limit)
    .map(({ entry }) => entry);
}
