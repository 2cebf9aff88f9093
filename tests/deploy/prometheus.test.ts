// The alarms of deploy/prometheus, by Debian's promtool; of metrics that the program counts, and with a page for each.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../e2e/support/environment.js';

const execute = promisify(execFile);
const folder = path.join(repository, 'deploy/prometheus');

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: { severity: string };
  annotations?: { summary: string; runbook: string };
}

let rules: Rule[];
beforeAll(async () => {
  const { groups } = parse(await readFile(path.join(folder, 'rules.yml'), 'utf8')) as { groups: { rules: Rule[] }[] };
  rules = groups.flatMap((group) => group.rules);
});

test('promtool reads the rules and the configuration, and the alarms are raised when they should be', async () => {
  expect((await execute('promtool', ['check', 'rules', 'rules.yml'], { cwd: folder })).stdout).toContain('SUCCESS');
  expect((await execute('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })).stdout).toContain(
    'SUCCESS',
  );
  expect((await execute('promtool', ['test', 'rules', 'rules_test.yml'], { cwd: folder })).stdout).toContain('SUCCESS');
});

test('every alarm is tried, and every figure that something scales by', async () => {
  const tried = await readFile(path.join(folder, 'rules_test.yml'), 'utf8');
  for (const { alert, record } of rules) {
    if (alert) expect(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n`).test(tried), alert).toBe(true);
    else if (!record!.includes(':')) expect(tried).toContain(`expr: ${record}`);
  }
});

test('the metrics are those that operators are told of', async () => {
  const page = await readFile(path.join(repository, 'docs/operations/metrics.md'), 'utf8');
  const known = new Set([...page.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name!));
  for (const name of ['up', ...rules.flatMap(({ record }) => record ?? [])]) known.add(name);
  for (const { expr, alert, record } of rules) {
    const alone = [...expr.matchAll(/\b([a-z_]\w*(?::\w+)*)\{job=/g)].map(([, name]) => name!);
    const several = [...expr.matchAll(/\{__name__=~"([^"]+)"/g)].flatMap(([, names]) => names!.split('|'));
    for (const name of [...alone, ...several]) {
      const bare = name.replace(/_(bucket|count|sum)$/, '');
      expect(known.has(name) || known.has(bare), `${name} of ${alert ?? record}`).toBe(true);
    }
  }
});

test('a reply that waits because it is asked to, or lasts as long as the client reads or sends, is not slow', async () => {
  interface Operation {
    parameters?: { name?: string }[];
    requestBody?: { content?: Record<string, unknown> };
    responses?: Record<string, { content?: Record<string, unknown> }>;
  }
  const document = JSON.parse(await readFile(path.join(repository, 'docs/openapi-released.json'), 'utf8')) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const waits = ({ parameters = [], requestBody, responses = {} }: Operation) =>
    parameters.some(({ name }) => name === 'wait' || name === 'live') ||
    responses['206'] !== undefined ||
    /octet-stream|multipart/.test(Object.keys(requestBody?.content ?? {}).join()) ||
    /event-stream|ndjson|csv/.test(Object.keys(responses['200']?.content ?? {}).join());
  const routes = Object.entries(document.paths).filter(([, operations]) => Object.values(operations).some(waits));
  expect(routes.length).toBeGreaterThanOrEqual(10);
  const left = rules.flatMap(({ expr }) =>
    [...expr.matchAll(/http_request_duration_seconds_\w+\{[^}]*route!~"([^"]+)"/g)].map(([, pattern]) => pattern!),
  );
  expect(left).toHaveLength(8);
  expect(new Set(left).size).toBe(1);
  for (const [route] of routes) expect(route).toMatch(new RegExp(`^(${left[0]})$`));
  expect('/v1/sales').not.toMatch(new RegExp(`^(${left[0]})$`));
});

test('what is long to say is said once, and others name it', () => {
  const forms = rules
    .map(({ expr }) => expr.replaceAll(/\w*\{[^}]*\}/g, 'metric').replaceAll(/\s+/g, ' '))
    .flatMap((expr) => expr.match(/max without .+ increase\(metric\[\w+\]\)/g) ?? []);
  expect(forms).toHaveLength(new Set(forms).size);
  const recorded = rules.flatMap(({ record }) => record ?? []);
  for (const { alert, expr } of rules)
    for (const [name] of expr.matchAll(/\b\w+(?::\w+)+/g)) expect(recorded, alert).toContain(name);
});

test('every alarm says how bad it is, and names a heading of the page that says what to do', async () => {
  const page = await readFile(path.join(repository, 'docs/operations/incidents.md'), 'utf8');
  const headings = new Set(
    [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title!.toLowerCase().replace(/ /g, '-')),
  );
  for (const { alert, labels, annotations } of rules.filter((rule) => rule.alert)) {
    expect(['page', 'ticket'], alert).toContain(labels!.severity);
    const [file, heading] = annotations!.runbook.split('#');
    expect(file, alert).toBe('docs/operations/incidents.md');
    expect(headings, alert).toContain(heading);
    expect(page, `${alert} is named there`).toContain(`\`${alert}\``);
  }
});
