/** Issuers of identity tokens for the server that the command starts, from a TOML file. */
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { parse, TomlError } from 'smol-toml';
import { tomlProblem, unreadableReason } from '../access/file-problem.js';
import type { Authenticate } from '../access/index.js';
import type { OidcOptions } from '../access/oidc.js';
import { OptionError } from '../errors.js';
import { CommandError } from './command-error.js';
import { printable } from './printable.js';

/** The tables `[[issuer]]` of a file; what they hold is checked by whom they are given to. */
async function readIssuers(file: string): Promise<readonly Record<string, unknown>[]> {
  let data: Record<string, unknown>;
  try {
    data = parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof TomlError) {
      throw new CommandError(1, `${file}:${error.line}: ${tomlProblem(error)}`, error);
    }
    throw new CommandError(1, `${file}: ${unreadableReason(error)}`, error);
  }
  const { issuer, ...others } = data;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new CommandError(1, `${file}: "${unknown}" is not known; write [[issuer]]`);
  if (!Array.isArray(issuer) || issuer.length === 0) {
    throw new CommandError(1, `${file}: there is no issuer in it; begin with [[issuer]]`);
  }
  return issuer as Record<string, unknown>[];
}

/** An authenticator for each issuer of the file. Rejects with a `CommandError` that names what is wrong. */
export async function openIssuers(file: string | undefined, log: Logger): Promise<readonly Authenticate[]> {
  if (file === undefined) return [];
  const tables = await readIssuers(file);
  const { oidcAuthenticator } = await import('../access/oidc.js');
  return tables.map((table, index) => {
    const name = typeof table['issuer'] === 'string' ? table['issuer'] : `issuer ${index + 1}`;
    try {
      return oidcAuthenticator({
        ...(table as unknown as OidcOptions),
        onRefused: ({ reason, context }) =>
          log.info(
            { request: context.id, issuer: name },
            `a token of ${printable(name)} is refused: ${reason}`,
          ),
        onProblem: (problem) =>
          log.error({ issuer: name, err: problem }, `the keys of ${printable(name)} cannot be had`),
      });
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      throw new CommandError(1, `${file}: [[issuer]] number ${index + 1}: ${error.message}`, error);
    }
  });
}
