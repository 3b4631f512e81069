// What a soak found, as a file for machines and a table for people.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function percentile(sorted, share) {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0);
}

/** Rows of what was done: how often, how often wrong, and milliseconds as clients saw them. */
export function rowsOf(durations, failures) {
  return [...durations].map(([name, ms]) => {
    const sorted = ms.toSorted((one, other) => one - other);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(sorted, share));
    return {
      name,
      times: ms.length,
      errors: failures.get(name) ?? 0,
      p50,
      p95,
      p99,
      max: percentile(sorted, 1),
    };
  });
}

/** A Markdown table. */
export function tableOf(rows) {
  const columns = ['name', 'times', 'errors', 'p50', 'p95', 'p99', 'max'];
  const cells = [['Action', 'Times', 'Errors', 'p50, ms', 'p95', 'p99', 'max']];
  for (const row of rows) cells.push(columns.map((column) => String(row[column])));
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  const line = (parts) =>
    `| ${parts.map((part, i) => (i === 0 ? part.padEnd(widths[i]) : part.padStart(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head, ...body] = cells;
  return [line(head), line(rule), ...body.map(line)].join('\n');
}

/** Writes the findings below bench/results; returns where. */
export function keep(findings) {
  const folder = join(import.meta.dirname, '..', 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `soak-${findings.began.replaceAll(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(findings, undefined, 2)}\n`);
  return file;
}
