// A page of docs/ as a reader would follow it: every ```sh run block, in order, in one bash -e with $BASE_URL set; each line of the
// ```text expect block after it must be in its output.
//
//     const page = await readPage('docs/getting-started.md');
//     const told = await follow(page, service.url);
//     told.outputs[0];                                     // of page.blocks[0]
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { repository } from './environment.js';
import { run } from './process.js';

export interface Block {
  heading: string;
  commands: string;
  expected: string[];
}

export interface Told {
  // Fewer than blocks when one has failed.
  outputs: string[];
  code: number | null;
  output: string;
}

const marker = '----- end of block';

export async function readPage(file: string): Promise<Block[]> {
  const found: Block[] = [];
  let heading = '';
  const markdown = await readFile(path.join(repository, file), 'utf8');
  for (const [, title, language, content] of markdown.matchAll(/^#+ (.+)$|^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (title) heading = title;
    else if (language === 'sh run') found.push({ heading, commands: content!, expected: [] });
    else if (language === 'text expect')
      found.at(-1)!.expected.push(...content!.split('\n').filter((line) => line.trim() !== ''));
  }
  return found;
}

// `more`: what a reader has in the shell besides.
export async function follow(blocks: Block[], url: string, more: Record<string, string> = {}): Promise<Told> {
  const directory = await mkdtemp(path.join(tmpdir(), 'e2e-page-'));
  try {
    const commands = blocks.map(({ commands }) => `${commands}\necho; echo '${marker}'`).join('\n');
    // Its output alone: curl and grep say what went wrong on the error stream, which is asked for too.
    const { code, output } = await run('bash', ['-e', '-c', `cd ${directory}\nexec 2>&1\n${commands}`], {
      ...process.env,
      BASE_URL: url,
      ...more,
    });
    return { outputs: output.split(marker).slice(0, -1), code, output };
  } finally {
    await rm(directory, { recursive: true });
  }
}
