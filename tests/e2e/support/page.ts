// A page of docs/ that is run: its ```sh run blocks, and what the ```text expect block after each must find in its output.
//
//     const blocks = blocksOf(await readFile(page, 'utf8'));

export interface Block {
  heading: string;
  commands: string;
  expected: string[];
}

export function blocksOf(markdown: string): Block[] {
  const found: Block[] = [];
  let heading = '';
  for (const [, title, language, content] of markdown.matchAll(/^#+ (.+)$|^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (title) heading = title;
    else if (language === 'sh run') found.push({ heading, commands: content!, expected: [] });
    else if (language === 'text expect')
      found.at(-1)!.expected.push(...content!.split('\n').filter((line) => line.trim() !== ''));
  }
  return found;
}
