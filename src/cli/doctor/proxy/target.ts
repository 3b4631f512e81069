/** The repository behind a URL, and as whom it is asked for. */
import type { GitRunner } from '../../../git/runner.js';
import { CommandError } from '../../command-error.js';

export interface Target {
  /** Of the repository, without user, query and a slash at its end. */
  readonly url: string;
  /** The header `Authorization`; undefined for nobody. */
  readonly authorization: string | undefined;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Reads a URL of the command line; throws a `CommandError` for what is none of HTTP. */
export function parseTarget(given: string): Target {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(2, '--url must begin with http:// or https://');
  }
  const { username, password, origin, pathname } = url;
  const authorization =
    username === '' && password === ''
      ? undefined
      : basic(decodeURIComponent(username), decodeURIComponent(password));
  return { url: origin + pathname.replace(/\/(?:info\/refs)?$/, ''), authorization };
}

/** Credentials that git's own helpers know, without asking anybody; undefined where they know none. */
export async function helperAuthorization(git: GitRunner, url: string): Promise<string | undefined> {
  const result = await git.run({ args: ['credential', 'fill'], cwd: '/' }, Buffer.from(`url=${url}\n\n`));
  const output = result.stdout.toString('utf8');
  const [, user] = /^username=(.*)$/m.exec(output) ?? [];
  const [, password] = /^password=(.*)$/m.exec(output) ?? [];
  return result.code !== 0 || user === undefined || password === undefined
    ? undefined
    : basic(user, password);
}
