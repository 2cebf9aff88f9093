/* global localStorage, sessionStorage */
// What this tab or this browser keeps. Where a browser refuses that, the page keeps it for itself, until it is closed.
//
//     tab.set('reader.account', text); tab.get('reader.account'); tab.set('reader.account', null)

// storage: a function, as naming a storage throws where it is refused.
function kept(storage) {
  const own = new Map();
  const tried = (use) => {
    try {
      return use(storage());
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => own.get(key) ?? tried((all) => all.getItem(key)) ?? null,
    set(key, value) {
      own.delete(key);
      const done = tried((all) => (value === null ? all.removeItem(key) : all.setItem(key, value), true));
      if (!done && value !== null) own.set(key, value);
    },
  };
}

export const tab = kept(() => sessionStorage);
export const browser = kept(() => localStorage);

// What somebody else has written there counts as nothing.
export function jsonOf(text) {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}
