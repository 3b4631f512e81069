/** Where something stands in rules: `['rules', 2, 'allow', 0]`. */
export type RulesPath = readonly (string | number)[];

/** Rules that cannot be used: where, and what is wrong. For whoever knows what the rules were read from. */
export class RulesProblem extends Error {
  override readonly name = 'RulesProblem';
  readonly path: RulesPath;

  constructor(path: RulesPath, problem: string) {
    super(problem);
    this.path = path;
  }

  /** The path as an embedder would write it. */
  get shownPath(): string {
    return this.path
      .map((part, index) => (typeof part === 'number' ? `[${part}]` : index > 0 ? `.${part}` : part))
      .join('');
  }
}
