/** Findings as lines for people, or as JSON for programs. */
import { printable } from '../printable.js';
import type { Finding, FindingState } from './finding.js';

/** Flaws of one kind can be as many as there are repositories; a person reads the first. */
const maxShownOfAKind = 20;

const states: readonly FindingState[] = ['problem', 'warning', 'not tried', 'ok'];

function linesFor({ what, state, found, advice }: Finding): string {
  const line = `${state.padEnd(9)}  ${what}: ${printable(found, 2_000)}\n`;
  return advice === '' ? line : `${line}${' '.repeat(11)}→ ${printable(advice, 2_000)}\n`;
}

function summary(findings: readonly Finding[]): string {
  return states
    .map((state) => ({ state, count: findings.filter((finding) => finding.state === state).length }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${count} ${state}${count > 1 && /g$|m$/.test(state) ? 's' : ''}`)
    .join(', ');
}

/** Lines in the order of the findings, and a last one that counts them. */
export function reportText(findings: readonly Finding[]): string {
  const shown = new Map<string, number>();
  const lines: string[] = [];
  for (const finding of findings) {
    const kind = `${finding.state} ${finding.what}`;
    const count = (shown.get(kind) ?? 0) + 1;
    shown.set(kind, count);
    if (count <= maxShownOfAKind) lines.push(linesFor(finding));
    if (count === maxShownOfAKind + 1) {
      lines.push(`${' '.repeat(11)}(more of ${finding.what}; --json prints all)\n`);
    }
  }
  return `${lines.join('')}${summary(findings)}\n`;
}

/** An array of findings. */
export function reportJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, undefined, 2)}\n`;
}

/** Whether something is wrong enough for a failure of the command. */
export function hasProblem(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'problem');
}
