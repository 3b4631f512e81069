/** What values settings have: how each is written in a flag, the environment and a file, and shown again. */
import { dirname, resolve } from 'node:path';

/** A value that cannot be used. The message says what to give, and never holds the value: it may be a secret. */
export class ValueProblem extends Error {
  override readonly name = 'ValueProblem';
}

/** One kind of value. */
export interface Kind<T> {
  /** How it is written, for the reference. */
  readonly form: string;
  /** From a flag or the environment; throws a {@link ValueProblem}. */
  fromText(text: string): T;
  /** From a TOML file; throws a {@link ValueProblem}. Paths are those of the file's folder. */
  fromToml(value: unknown, file: string): T;
  /** As TOML. */
  toToml(value: T): string;
  /** Where only these will do. */
  readonly choices?: readonly string[];
  /** A flag of this kind may be given several times, each with an item. */
  readonly isList?: true;
  /** A flag of this kind has no value. */
  readonly isSwitch?: true;
}

/** A text as TOML. JSON's form is TOML's too, but for control characters beyond ASCII's first (TOML 1.0, "String"). */
export function tomlText(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

function fail(advice: string): never {
  throw new ValueProblem(advice);
}

/** A kind of which a text says all; in TOML it may also be a number where `takesNumbers` says so. */
function written<T>(
  form: string,
  fromText: (text: string) => T,
  advice: string,
  {
    takesNumbers = false,
    takesTexts = true,
    toToml = (value: T): string => (typeof value === 'number' ? String(value) : tomlText(String(value))),
  } = {},
): Kind<T> {
  return {
    form,
    fromText,
    fromToml(value) {
      if (typeof value === 'string' && takesTexts) return fromText(value);
      if (typeof value === 'number' && takesNumbers) return fromText(String(value));
      return fail(advice);
    },
    toToml,
  };
}

const textAdvice = 'Give a text in quotation marks.';

export const text: Kind<string> = written('text', (given) => given, textAdvice);

/** A path of a file or folder; in a file one that is not absolute is that of the file's own folder. */
export const path: Kind<string> = {
  ...written('path', (given) => given, 'Give a path in quotation marks.'),
  fromToml(value, file) {
    if (typeof value !== 'string' || value === '') return fail('Give a path in quotation marks.');
    return resolve(dirname(file), value);
  },
};

/** A program: a name for PATH, or a path. */
export const program: Kind<string> = {
  ...path,
  form: 'name or path',
  fromToml: (value, file) =>
    typeof value === 'string' && /^[^/\\]+$/.test(value) ? value : path.fromToml(value, file),
};

/** A URL of which nothing but the place is shown again: what else it holds may be a secret. */
export const url: Kind<string> = {
  ...text,
  form: 'URL',
  toToml(value) {
    if (!URL.canParse(value)) return tomlText(value);
    const { protocol, host, pathname } = new URL(value);
    return tomlText(`${protocol}//${host}${pathname}`);
  },
};

export const yesOrNo: Kind<boolean> = {
  form: '`true` or `false`',
  fromText: (given) => given === 'true' || (given !== 'false' && fail('Give true or false.')),
  fromToml: (value) =>
    typeof value === 'boolean' ? value : fail('Give true or false, without quotation marks.'),
  toToml: String,
  isSwitch: true,
};

/** A whole number; both bounds are among what may be given. */
export function wholeNumber(lowest: number, highest?: number): Kind<number> {
  const advice =
    highest === undefined
      ? `Give a whole number from ${lowest} on.`
      : `Give a number from ${lowest} to ${highest}.`;
  const fromText = (given: string): number => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
    return number >= lowest && number <= (highest ?? Infinity) ? number : fail(advice);
  };
  const form = highest === undefined ? 'number' : `number, ${lowest} to ${highest}`;
  return written(form, fromText, advice, { takesNumbers: true, takesTexts: false });
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const sizeAdvice = 'Give a number of bytes, such as 500000, 500k, 500m or 2g.';

/** The largest unit of which a number is a whole multiple, with the count. */
function inUnits(number: number, units: Readonly<Record<string, number>>): string {
  const [unit, size] = Object.entries(units).findLast(([, size]) => number % size === 0) ?? ['', 1];
  return `${number / size}${unit}`;
}

/** A number of bytes, with a unit as git's configuration has them: `500m`. */
export const size: Kind<number> = written(
  'size: `500000`, `500k`, `500m`, `2g`',
  (given) => {
    const [, digits = '', unit = ''] = /^(\d{1,12})([kmg]?)$/i.exec(given) ?? [];
    const bytes = Number(digits) * (sizeUnits[unit.toLowerCase()] ?? 1);
    return Number.isSafeInteger(bytes) && bytes >= 1 ? bytes : fail(sizeAdvice);
  },
  sizeAdvice,
  { takesNumbers: true, toToml: (bytes) => tomlText(inUnits(bytes, sizeUnits)) },
);

const timeUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time with its unit. The value is in milliseconds, or in what `unitMs` says. */
function timeIn(unitMs: number): Kind<number> {
  const advice = 'Give a time with its unit, such as 500ms, 30s, 5m, 2h or 1d.';
  return written(
    'time: `30s`, `5m`, `2h`',
    (given) => {
      const [, digits = '', unit = ''] = /^(\d{1,9})(ms|[smhd])$/.exec(given) ?? [];
      const time = (Number(digits) * (timeUnits[unit] ?? Number.NaN)) / unitMs;
      return Number.isSafeInteger(time) ? time : fail(advice);
    },
    advice,
    { toToml: (time) => tomlText(time === 0 ? '0s' : inUnits(time * unitMs, timeUnits)) },
  );
}

/** In milliseconds. */
export const duration: Kind<number> = timeIn(1);

/** In whole seconds. */
export const seconds: Kind<number> = timeIn(1_000);

/** So many pushes in so many seconds: `30/60`. */
export const rate: Kind<{ readonly pushes: number; readonly seconds: number }> = written(
  'pushes/seconds: `30/60`',
  (given) => {
    const [, pushes = '', each = ''] = /^(\d{1,9})\/(\d{1,9})$/.exec(given) ?? [];
    if (Number(pushes) < 1 || Number(each) < 1) fail('Give pushes and seconds, such as 30/60.');
    return { pushes: Number(pushes), seconds: Number(each) };
  },
  'Give pushes and seconds, such as "30/60".',
  { toToml: ({ pushes, seconds: each }) => tomlText(`${pushes}/${each}`) },
);

/** One of some words. */
export function choice<const Word extends string>(words: readonly Word[]): Kind<Word> {
  const advice = `Give one of ${words.join(', ')}.`;
  const fromText = (given: string): Word => words.find((word) => word === given) ?? fail(advice);
  return { ...written(words.map((word) => `\`${word}\``).join(', '), fromText, advice), choices: words };
}

/** One of some numbers. */
export function numberChoice<const N extends number>(numbers: readonly N[]): Kind<N> {
  const advice = `Give one of ${numbers.join(', ')}.`;
  const fromText = (given: string): N => numbers.find((each) => String(each) === given) ?? fail(advice);
  const form = numbers.map((each) => `\`${each}\``).join(', ');
  return written(form, fromText, advice, { takesNumbers: true, takesTexts: false });
}
