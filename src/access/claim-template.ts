import { OptionError } from '../errors.js';

/** A text with names of claims in it. */
export interface ClaimTemplate {
  /** The text, with what `valueOf` gives for each claim. */
  fill(valueOf: (claim: string) => string): string;
}

/**
 * Reads a template: `<name>` stands for the claim of this name. Braces and brackets are left to patterns, and no name of
 * a user or a repository holds angle brackets. Throws an `OptionError` for brackets that are not closed.
 */
export function parseTemplate(text: string, option: string): ClaimTemplate {
  // Every second part is the name of a claim.
  const parts = text.split(/<([^<>]+)>/);
  if (parts.some((part, index) => index % 2 === 0 && /[<>]/.test(part))) {
    throw new OptionError(option, `holds "<" or ">" that encloses no claim: ${text}`);
  }
  return {
    fill: (valueOf) => parts.map((part, index) => (index % 2 === 0 ? part : valueOf(part))).join(''),
  };
}
