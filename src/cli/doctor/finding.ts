/** What the doctor has to say about one thing. */
export type FindingState = 'ok' | 'warning' | 'problem' | 'not tried';

/** Something that is not as it should be. */
export interface Flaw {
  readonly state: Exclude<FindingState, 'ok'>;
  /** One line; names what it is about. */
  readonly found: string;
  /** What to change, or where to read on. */
  readonly advice: string;
}

export interface Finding {
  /** What was looked at, such as `disk` or `chunked request`. */
  readonly what: string;
  readonly state: FindingState;
  readonly found: string;
  /** Empty where nothing is to be done. */
  readonly advice: string;
}

export function ok(what: string, found: string): Finding {
  return { what, state: 'ok', found, advice: '' };
}

export function warning(what: string, found: string, advice: string): Finding {
  return { what, state: 'warning', found, advice };
}

export function problem(what: string, found: string, advice: string): Finding {
  return { what, state: 'problem', found, advice };
}

export function notTried(what: string, found: string, advice: string): Finding {
  return { what, state: 'not tried', found, advice };
}

/** The flaws of something as findings; `good` is what is said when there are none. */
export function findingsOf(what: string, flaws: readonly Flaw[], good: string): readonly Finding[] {
  return flaws.length === 0 ? [ok(what, good)] : flaws.map((flaw) => ({ what, ...flaw }));
}
