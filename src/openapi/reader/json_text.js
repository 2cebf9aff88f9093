// A text of JSON with a member a line. Numbers, names and order stay as they came: 9007199254740993 and 1.0 are not rounded, as they
// would be by JSON.parse and back. Throws when it is no JSON.
export function indented(text) {
  JSON.parse(text);
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, 100))}`; // brackets by the thousand would be a text of gigabytes
  const parts = tokens.map((token, at) => {
    const opened = /^[{[]$/.test(tokens[at - 1] ?? '');
    if (/^[}\]]$/.test(token)) {
      --depth;
      return opened ? token : line() + token;
    }
    const before = opened || tokens[at - 1] === ',' ? line() : '';
    if (/^[{[]$/.test(token)) ++depth;
    return before + (token === ':' ? ': ' : token);
  });
  return parts.join('');
}
