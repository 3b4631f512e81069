/** What somebody has said of settings, where, and what is wrong with it. */
import { CommandError } from '../command-error.js';
import { printable } from '../printable.js';
import { ValueProblem } from './kinds.js';
import { flagOf, type SettingName } from './settings.js';

/** Where a value comes from, from the weakest to the strongest. */
export type Source =
  | { readonly from: 'default' }
  | { readonly from: 'file'; readonly file: string; readonly line: number | undefined }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'flag'; readonly flag: string };

export interface GivenValue {
  readonly value: unknown;
  readonly source: Source;
}

/** What one source says. */
export type GivenSettings = ReadonlyMap<SettingName, GivenValue>;

/** Something that cannot be used, with the place where it stands. */
export interface Mistake {
  readonly text: string;
  readonly source: Source;
}

/** The place, as it begins a message; undefined for a default. */
export function shownSource(source: Source): string | undefined {
  switch (source.from) {
    case 'default':
      return undefined;
    case 'file':
      return `${printable(source.file)}${source.line === undefined ? '' : `:${source.line}`}`;
    case 'environment':
      return source.variable;
    case 'flag':
      return source.flag;
  }
}

/** The whole sentence about a setting: `FILE:3: listen.port: …`, `GITTYPHOON_LISTEN_PORT: …`, `--port …`. */
export function mistakeAbout(name: SettingName, source: Source, problem: string): Mistake {
  const place = shownSource(source) ?? flagOf(name) ?? name;
  if (source.from === 'file') return { source, text: `${place}: ${name}: ${problem}` };
  return { source, text: source.from === 'environment' ? `${place}: ${problem}` : `${place} ${problem}` };
}

/** Reads one value; a mistake goes to the others. */
export function readValue(
  name: SettingName,
  source: Source,
  read: () => unknown,
  into: { readonly given: Map<SettingName, GivenValue>; readonly mistakes: Mistake[] },
): void {
  try {
    into.given.set(name, { value: read(), source });
  } catch (error) {
    if (!(error instanceof ValueProblem)) throw error;
    // Commander's sentences begin with a capital; these go on behind a colon.
    const problem = error.message.replace(/^./, (first) => first.toLowerCase()).replace(/\.$/, '');
    into.mistakes.push(mistakeAbout(name, source, problem));
  }
}

/** A configuration that cannot be used, with all that is wrong with it. */
export class ConfigurationError extends CommandError {
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const [first] = mistakes;
    const others = mistakes.length - 1;
    const more = others < 1 ? '' : ` (and ${others} more; "gittyphoon config check" shows all)`;
    const isCommandLine = first?.source.from === 'flag' || first?.source.from === 'default';
    super(isCommandLine ? 2 : 1, `${first?.text ?? ''}${more}`);
    this.mistakes = mistakes;
  }
}
