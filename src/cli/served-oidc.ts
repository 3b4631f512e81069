/** Issuers of identity tokens for the server that the command starts, from a TOML file. */
import type { Logger } from 'pino';
import { parse, TomlError } from 'smol-toml';
import { AccessFileError, type Authenticate } from '../access/index.js';
import { asAccessFileError } from '../access/access-file-error.js';
import { tomlProblem } from '../access/file-problem.js';
import { askEach } from '../access/oidc-several.js';
import type { OidcOptions } from '../access/oidc.js';
import { locate } from '../access/rules-positions.js';
import { decodeLines } from '../access/text-lines.js';
import { WatchedFile } from '../access/watched-file.js';
import { OptionError } from '../errors.js';
import { logFileProblem } from './logging.js';
import { printable } from './printable.js';

type Table = Readonly<Record<string, unknown>>;

interface IssuersText {
  readonly text: string;
  /** The tables `[[issuer]]`; what they hold is checked by whom they are given to. */
  readonly tables: readonly Table[];
}

function readTables(content: Uint8Array, file: string): IssuersText {
  const fail = (line: number | undefined, problem: string): never => {
    throw new AccessFileError(file, line, problem);
  };
  const text = decodeLines(content, fail).join('\n');
  let data: Record<string, unknown>;
  try {
    data = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return fail(error.line, tomlProblem(error));
  }
  const { issuer, ...others } = data;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(locate(text)([unknown]), `"${unknown}" is not known; write [[issuer]]`);
  if (!Array.isArray(issuer)) return fail(undefined, 'there is no issuer in it; begin with [[issuer]]');
  return { text, tables: issuer as Table[] };
}

/** An issuer of the file, and the text of its table. */
interface Issuer {
  readonly table: string;
  readonly authenticate: Authenticate;
}

/**
 * Opens a file of issuers; rejects with an `AccessFileError` that names the line when it cannot be used. Later changes are
 * in force with the next request that brings credentials; issuers whose tables have not changed keep what they know.
 */
export async function openIssuers(file: string | undefined, log: Logger): Promise<Authenticate | undefined> {
  if (file === undefined) return undefined;
  // Only who names a file needs the package behind it.
  const { oidcAuthenticator } = await import('../access/oidc.js');
  let issuers: readonly Issuer[] = [];
  let ask = askEach([]);

  function open(table: Table, index: number, text: string): Authenticate {
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
      const line = locate(text)(['issuer', index, ...error.option.split('.')]);
      throw new AccessFileError(file ?? '', line, `[[issuer]] number ${index + 1}: ${error.message}`, error);
    }
  }

  function parseIssuers(content: Uint8Array): readonly Issuer[] {
    const { text, tables } = readTables(content, file ?? '');
    return tables.map((given, index) => {
      const table = JSON.stringify(given);
      // The same one, with the keys and the tokens that it has seen.
      const known = issuers.find((issuer) => issuer.table === table);
      return known ?? { table, authenticate: open(given, index, text) };
    });
  }

  const watched = new WatchedFile(file, {
    parse: parseIssuers,
    take(parsed) {
      issuers = parsed;
      ask = askEach(issuers.map(({ authenticate }) => authenticate));
    },
    problemOf: (error) => asAccessFileError(file, error),
    onReload: () =>
      log.info({ file, issuerCount: issuers.length }, `${file} was read again: ${issuers.length} issuers`),
    onProblem: logFileProblem(log, file),
  });
  await watched.load();
  return async (context) => {
    if (!context.credentials) return undefined;
    await watched.refresh();
    return ask(context);
  };
}
