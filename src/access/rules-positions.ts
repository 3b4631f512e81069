/** Where in a TOML text its tables and keys stand. */
import { parse } from 'smol-toml';
import type { RulesPath } from './rules-problem.js';

/** A table, or a key with its value: it may go over several lines. */
interface Statement {
  readonly line: number;
  readonly text: string;
  readonly parsed: Readonly<Record<string, unknown>>;
}

function tryParse(text: string): Statement['parsed'] | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The statements of a text that is known to be TOML. Each begins on a line of its own, and none can be parsed before
 * its last line: so the parser itself tells where they end, and TOML's grammar stays in one place.
 */
function* statementsOf(toml: string): Generator<Statement> {
  let text = '';
  let line = 1;
  for (const [index, each] of toml.split('\n').entries()) {
    // What goes over several lines ends with one of these; asking only then keeps long lists cheap.
    const mayEnd = text === '' || /[\]}]|"{3}|'{3}/.test(each);
    text += `${each}\n`;
    const parsed = mayEnd ? tryParse(text) : undefined;
    if (!parsed) continue;
    if (Object.keys(parsed).length > 0) yield { line, text, parsed };
    text = '';
    line = index + 2;
  }
}

/** The one way down into what a statement has made: its keys, and the list at its end if there is one. */
function keysOf(parsed: Statement['parsed']): { keys: string[]; value: unknown } {
  const keys: string[] = [];
  let value: unknown = parsed;
  while (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [key, ...others] = Object.keys(value);
    // Several keys are those of an inline table: the place of the whole is good enough.
    if (key === undefined || others.length > 0) break;
    keys.push(key);
    value = (value as Record<string, unknown>)[key];
  }
  return { keys, value };
}

const keyOf = (path: RulesPath): string => JSON.stringify(path);

/** In a list over several lines, a text has the line on which it is first written out. */
function itemLine({ line, text }: Statement, item: unknown): number {
  if (typeof item !== 'string') return line;
  const quoted = [JSON.stringify(item), `'${item}'`];
  const found = text.split('\n').findIndex((each) => quoted.some((one) => each.includes(one)));
  return line + Math.max(0, found);
}

/**
 * Tells the line of a path, or of the nearest part of it that has one. Only for a text that can be parsed. Statements
 * are read one by one, so that this takes time in proportion to the text.
 */
export function locate(toml: string): (path: RulesPath) => number | undefined {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  const lists = new Map<string, { statement: Statement; items: readonly unknown[] }>();
  let table: RulesPath = [];
  const note = (path: RulesPath, line: number): void => {
    for (let length = 1; length <= path.length; length++) {
      const key = keyOf(path.slice(0, length));
      if (!lines.has(key)) lines.set(key, line);
    }
  };
  for (const statement of statementsOf(toml)) {
    const { keys, value } = keysOf(statement.parsed);
    if (/^\s*\[\[/.test(statement.text)) {
      const count = counts.get(keyOf(keys)) ?? 0;
      counts.set(keyOf(keys), count + 1);
      table = [...keys, count];
      note(table, statement.line);
    } else if (/^\s*\[/.test(statement.text)) {
      table = keys;
      note(table, statement.line);
    } else {
      const path = [...table, ...keys];
      note(path, statement.line);
      if (Array.isArray(value)) lists.set(keyOf(path), { statement, items: value });
    }
  }
  return (path) => {
    const list = lists.get(keyOf(path.slice(0, -1)));
    if (list) return itemLine(list.statement, list.items[Number(path.at(-1))]);
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
}
