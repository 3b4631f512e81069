import { repositoryUrl } from './addresses.js';
import type { Listing } from './listing.js';
import { printable } from './printable.js';
import { shellWord } from './shell-word.js';

/** What decides about access, as far as it is printed. */
export interface AccessFacts {
  /** Everybody may read everything; false where nobody may without a name, undefined where rules or repositories say. */
  readonly publicRead: boolean | undefined;
  /** Who can log in, in words. */
  readonly logins: readonly string[];
  readonly accessFile: { readonly path: string; readonly users: number } | undefined;
  /** With it the access file gives users only. */
  readonly rulesFile: { readonly path: string; readonly rules: number } | undefined;
  /** Whether a push to a name where there is nothing makes a repository. */
  readonly createsOnPush: boolean;
  readonly tokenFile: { readonly path: string; readonly tokens: number } | undefined;
}

export interface StartFacts {
  readonly version: string;
  readonly gitVersion: string;
  readonly folder: string;
  readonly listing: Listing;
  /** The first works on this machine. */
  readonly urls: readonly string[];
  readonly access: AccessFacts;
  readonly metricsUrl: string | undefined;
}

const shownNames = 3;

function contents({ folder, listing: { names, isComplete } }: StartFacts): string {
  const [first] = names;
  if (first === '')
    return 'The folder is itself a repository: it alone is served, at the root, and nothing inside it.';
  if (first === undefined) {
    if (!isComplete)
      return 'Looking for repositories takes long; those that are there are served all the same.';
    return `There is no repository yet. Make one: gittyphoon repo create NAME --gitbase ${shellWord(folder)}`;
  }
  const count = names.length;
  const total = isComplete ? String(count) : `More than ${count}`;
  const noun = count === 1 && isComplete ? 'repository' : 'repositories';
  const shown = names.slice(0, shownNames).map((name) => printable(name));
  const more =
    count > shown.length ? `, and ${isComplete ? '' : 'more than '}${count - shown.length} more` : '';
  return `${total} ${noun}: ${shown.join(', ')}${more}`;
}

function cloneLine({ listing, urls: [url = ''] }: StartFacts): string {
  const [first] = listing.names;
  if (first === undefined) return `git clone ${url}NAME.git`;
  // git would name the clone after the host.
  return first === '' ? `git clone ${url} NAME` : `git clone ${shellWord(repositoryUrl(url, first))}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** So many users of a file. */
export function usersOf(users: number, path = ''): string {
  return `${count(users, 'user')} of ${printable(path)}`;
}

function rights({ publicRead, logins, accessFile, rulesFile }: AccessFacts): string {
  const readers = publicRead === false ? 'Everybody with a name may read' : 'Everybody may read';
  if (rulesFile) {
    const users = logins.length > 0 ? logins.join(', ') : 'nobody';
    const reading = publicRead ? 'Everybody may read; ' : '';
    return `${reading}${count(rulesFile.rules, 'rule')} of ${printable(rulesFile.path)} decide; ${users} can log in.`;
  }
  const users = logins.join(', ');
  if (!accessFile) {
    if (logins.length === 0) return `${readers}, nobody may push; --accessfile FILE lets users push.`;
    return `${readers}; ${users} can log in, but nobody may push: --rules FILE or --accessfile FILE lets them.`;
  }
  if (logins.length === 1) return `${readers}; ${users} may push where it says so.`;
  return `${readers}; ${users} can log in, and push where ${printable(accessFile.path)} says so.`;
}

function createLines({ createsOnPush, rulesFile }: AccessFacts): readonly string[] {
  if (!createsOnPush) return [];
  return [
    `A push creates its repository where the ${rulesFile ? 'rules let' : 'access file lets'} its user write.`,
  ];
}

function tokenLines({ tokenFile }: AccessFacts): readonly string[] {
  if (!tokenFile) return [];
  const { path, tokens } = tokenFile;
  if (tokens === 0)
    return [`There is no access token in ${printable(path)} yet: gittyphoon token create --help`];
  return [`Access tokens: ${tokens}, in ${printable(path)}`];
}

/** What the command prints when it is ready. */
export function startText(facts: StartFacts): string {
  const [url = '', ...others] = facts.urls;
  const network = others.length > 0 ? ` (in the network: ${others.join(' ')})` : '';
  return [
    `GitTyphoon ${facts.version} with git ${facts.gitVersion} serves ${printable(facts.folder)}`,
    contents(facts),
    rights(facts.access),
    ...createLines(facts.access),
    ...tokenLines(facts.access),
    `Listening on ${url}${network}`,
    ...(facts.metricsUrl === undefined ? [] : [`Metrics: ${facts.metricsUrl}`]),
    `Clone with: ${cloneLine(facts)}`,
    '',
  ].join('\n');
}
