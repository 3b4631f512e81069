/** What the dashboard and the alerts ask for must be there: Prometheus is silent about a name that does not exist. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureTable } from '../../src/errors.js';
import { createGitServer, type GitServer } from '../../src/index.js';
import { collectMetrics } from '../../src/metrics/index.js';
import { makeTempDir } from '../support/fixtures.js';

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
}

const dashboard = JSON.parse(read('deploy/grafana/gittyphoon.json')) as Dashboard;
const alerts = read('deploy/prometheus/alerts.yml');

const place = makeTempDir();
let git: GitServer;
/** Names of series, with the labels that each may have. */
const series = new Map<string, readonly string[]>();

beforeAll(() => {
  git = createGitServer({ repositories: place.path });
  for (const metric of collectMetrics(git).registry.getMetricsAsArray()) {
    const {
      name,
      type,
      labelNames = [],
    } = metric as unknown as {
      name: string;
      type: string;
      labelNames?: string[];
    };
    series.set(name, labelNames);
    if (type !== 'histogram') continue;
    for (const end of ['bucket', 'sum', 'count']) series.set(`${name}_${end}`, [...labelNames, 'le']);
  }
});
afterAll(async () => {
  await git.close();
  place.dispose();
});

/** Those that Prometheus itself adds. */
const added = new Set(['instance', 'job']);
const ofPrometheus = ['up'];

const metricPattern = /\b(?:gittyphoon|nodejs|process)_[a-z0-9_]+|\bup(?=\{)/g;

/** What an expression names and is not there. */
function missingIn(expression: string): string[] {
  const missing: string[] = [];
  const names = expression.match(metricPattern) ?? [];
  const labels = new Set(names.flatMap((name) => series.get(name) ?? []));
  for (const name of names) if (!series.has(name) && !ofPrometheus.includes(name)) missing.push(name);
  const inSelectors = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) =>
    [...inside.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label),
  );
  const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, inside = '']) =>
    inside.split(/,\s*/),
  );
  for (const label of [...inSelectors, ...grouped]) {
    if (!labels.has(label) && !added.has(label)) missing.push(`label ${label}`);
  }
  return missing;
}

const alertExpressions = [...alerts.matchAll(/expr: (?:>-\n)?([\s\S]*?)\n {8}(?:for|labels):/g)].map(
  ([, expression = '']) => expression,
);

describe('the dashboard', () => {
  it('names only metrics and labels that exist', () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    expect(expressions.length).toBeGreaterThan(15);
    for (const expression of expressions) {
      expect(expression).toMatch(metricPattern);
      expect([expression, missingIn(expression)]).toEqual([expression, []]);
    }
    const variable = dashboard.templating.list.find(({ query }) => query.includes('('))?.query ?? '';
    expect(variable).toMatch(metricPattern);
    expect(missingIn(variable)).toEqual([]);
  });

  it('shows each metric of ours somewhere', () => {
    const text = JSON.stringify(dashboard);
    const ours = [...series.keys()].filter(
      (name) => name.startsWith('gittyphoon_') && !/_(?:bucket|sum|count)$/.test(name),
    );
    // There is no cache yet; the others are for alerts.
    const elsewhere = ['gittyphoon_cache_results_total', 'gittyphoon_errors_total', 'gittyphoon_closing'];
    expect(ours.filter((name) => !text.includes(name)).toSorted()).toEqual(elsewhere.toSorted());
  });

  it('has panels with numbers of their own that lie side by side', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.has(`${x},${y}`)]).toEqual([title, false]);
          taken.add(`${x},${y}`);
        }
      }
    }
  });
});

describe('the alerts', () => {
  it('name only metrics and labels that exist', () => {
    expect(alertExpressions.length).toBe(alerts.match(/- alert: /g)?.length);
    expect(alertExpressions.length).toBeGreaterThan(5);
    for (const expression of alertExpressions) {
      expect(expression).toMatch(metricPattern);
      expect([expression, missingIn(expression)]).toEqual([expression, []]);
    }
  });

  it('name only errors that exist, and metrics in their texts that exist', () => {
    const codes = alerts.match(/ERR_[A-Z_]+/g) ?? [];
    expect(codes.length).toBeGreaterThan(3);
    for (const code of codes) expect(Object.keys(failureTable)).toContain(code);
    for (const name of alerts.match(metricPattern) ?? []) {
      expect([...series.keys(), ...ofPrometheus]).toContain(name);
    }
  });

  it('say for each what it means', () => {
    for (const rule of alerts.split(/- alert: /).slice(1)) {
      expect(rule).toMatch(/severity: (?:warning|critical)/);
      expect(rule).toMatch(/summary: '/);
      expect(rule).toMatch(/description: '/);
    }
  });
});
