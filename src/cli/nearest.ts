import { Command, CommanderError } from 'commander';

/** The word among these that was perhaps meant; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // Commander knows, but tells it in its message alone.
  const plain = new Command()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ outputError: () => {} });
  for (const name of known) plain.command(name);
  try {
    plain.parse([word], { from: 'user' });
  } catch (error) {
    return error instanceof CommanderError
      ? /\(Did you mean (?:one of )?([^?,]+)/.exec(error.message)?.[1]
      : undefined;
  }
  return undefined;
}
