/** Reading values of rules: they come from a file, or from plain JavaScript, and may be anything. */
import { RulesProblem, type RulesPath } from './rules-problem.js';

/** A text of a list, and where it stands. */
export interface Item {
  readonly text: string;
  readonly path: RulesPath;
}

type Table = Readonly<Record<string, unknown>>;

/** An object with no other keys than `known`. */
export function readTable(value: unknown, path: RulesPath, known?: readonly string[]): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RulesProblem(path, 'this must be a table of keys and values');
  }
  for (const key of known ? Object.keys(value) : []) {
    if (!known?.includes(key)) {
      throw new RulesProblem([...path, key], `"${key}" is not known; known are ${known?.join(', ')}`);
    }
  }
  return value as Table;
}

/** A list of whatever; nothing is an empty one. */
export function readList(value: unknown, path: RulesPath): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    const [key = ''] = path;
    throw new RulesProblem(path, `this must be a list; in a file each begins with [[${key}]]`);
  }
  return value;
}

/** A text that can be shown in one line. */
export function readText(value: unknown, path: RulesPath): string {
  if (typeof value !== 'string' || value === '') throw new RulesProblem(path, 'this must be a text');
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) {
    throw new RulesProblem(path, 'the text holds a control character or a line break');
  }
  return value;
}

/** One text, or a list of texts. Nothing is undefined; an empty list is a mistake. */
export function readTexts(value: unknown, path: RulesPath): readonly Item[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return [{ text: readText(value, path), path }];
  if (value.length === 0) {
    throw new RulesProblem(path, 'the list is empty; it fits nothing, leave it out or name something');
  }
  return value.map((one, index) => ({
    text: readText(one, [...path, index]),
    path: [...path, index],
  }));
}
