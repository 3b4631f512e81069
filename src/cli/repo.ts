/** `gittyphoon repo`: creates, lists, shows, renames, deletes and describes repositories. */
import { resolve } from 'node:path';
import { Argument, Option, type Command } from 'commander';
import { RepositoryAdministration } from '../administration/administration.js';
import { AdministrationError } from '../repository/administration-error.js';
import { visibilities, type CreateSettings, type Visibility } from '../repository/create-settings.js';
import { DirectoryStore } from '../repository/directory-store.js';
import { CommandError } from './command-error.js';
import { isFolder, repositoriesFolder } from './folder.js';
import { listRepositories } from './listing.js';
import { printable } from './printable.js';
import { detailsText, trashText } from './repo-text.js';
import { shellWord } from './shell-word.js';

interface RepoFlags {
  readonly gitbase: string;
  readonly json?: boolean;
}

interface CreateFlags extends RepoFlags {
  readonly defaultBranch?: string;
  readonly objectFormat?: 'sha1' | 'sha256';
  readonly description?: string;
  readonly visibility?: Visibility;
  readonly shared?: string;
  readonly template?: string;
}

/** Does something with the repositories of the folder; what is not there is said to be not there in this folder. */
async function at<T>(
  { gitbase }: RepoFlags,
  work: (repositories: RepositoryAdministration) => Promise<T>,
): Promise<T> {
  const root = repositoriesFolder(gitbase);
  try {
    return await work(new RepositoryAdministration({ root }));
  } catch (error) {
    if (!(error instanceof AdministrationError) || error.code !== 'ERR_REPOSITORY_MISSING') throw error;
    throw new CommandError(1, printable(`${error.message} in ${root}`, 2_000), error);
  }
}

/** Prints a result for a program, or a text for a person. */
function print({ json }: RepoFlags, result: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : text);
}

async function create(name: string, flags: CreateFlags): Promise<void> {
  const { defaultBranch, objectFormat, description, visibility, shared, template } = flags;
  const templateDirectory = template === undefined ? undefined : resolve(template);
  if (templateDirectory && !isFolder(templateDirectory)) {
    throw new CommandError(2, `there is no folder ${templateDirectory}, which --template names`);
  }
  const settings: CreateSettings = {
    defaultBranch,
    objectFormat,
    description,
    visibility,
    shared,
    templateDirectory,
  };
  const made = await at(flags, (repositories) => repositories.create(name, settings));
  print(flags, made, `created ${made.name}\n`);
}

async function list(flags: RepoFlags & { readonly trash?: boolean }): Promise<void> {
  const root = repositoriesFolder(flags.gitbase);
  if (flags.trash) {
    const entries = await at(flags, (repositories) => repositories.trash());
    print(flags, entries, trashText(entries));
    return;
  }
  const store = new DirectoryStore({ root });
  const { names } = await listRepositories(root, store, Number.POSITIVE_INFINITY);
  print(
    flags,
    names.map((name) => ({ name })),
    names.map((name) => `${name === '' ? '.' : printable(name, 2_000)}\n`).join(''),
  );
}

async function show(name: string, flags: RepoFlags): Promise<void> {
  const details = await at(flags, (repositories) => repositories.show(name));
  print(flags, details, detailsText(details));
}

async function rename(name: string, newName: string, flags: RepoFlags): Promise<void> {
  const renamed = await at(flags, (repositories) => repositories.rename(name, newName));
  print(flags, renamed, `renamed to ${renamed.name}\n`);
}

/** With --purge also what is in the trash already. */
async function remove(name: string, flags: RepoFlags & { readonly purge?: boolean }): Promise<void> {
  if (!flags.purge) {
    const entry = await at(flags, (repositories) => repositories.delete(name));
    const folder = flags.gitbase === '.' ? '' : ` --gitbase ${shellWord(flags.gitbase)}`;
    const restoring = printable(`gittyphoon repo restore ${entry.id}${folder}`, 2_000);
    print(flags, entry, `deleted ${printable(entry.name)}; ${restoring} brings it back\n`);
    return;
  }
  const purged = await at(flags, async (repositories) => {
    const isInTrash = (await repositories.trash()).some(({ id }) => id === name);
    return repositories.purge(isInTrash ? name : await deletedNow(repositories, name));
  });
  print(flags, purged, purged.map((entry) => `removed ${printable(entry.name)} for good\n`).join(''));
}

/** What to purge: the repository, once it is in the trash; where there is none, all of its name that are there. */
async function deletedNow(repositories: RepositoryAdministration, name: string): Promise<string> {
  const known = await repositories.trash();
  try {
    return (await repositories.delete(name)).id;
  } catch (error) {
    if (known.some((entry) => entry.name === name || entry.name === `${name}.git`)) return name;
    throw error;
  }
}

async function restore(name: string, newName: string | undefined, flags: RepoFlags): Promise<void> {
  const restored = await at(flags, (repositories) => repositories.restore(name, newName));
  print(flags, restored, `restored ${printable(restored.name)}\n`);
}

async function describe(name: string, text: string, flags: RepoFlags): Promise<void> {
  await at(flags, (repositories) => repositories.describe(name, text));
  const done = text === '' ? 'removed the description of' : 'described';
  print(flags, { description: text }, `${done} ${printable(name)}\n`);
}

async function setDefaultBranch(name: string, branch: string, flags: RepoFlags): Promise<void> {
  await at(flags, (repositories) => repositories.setDefaultBranch(name, branch));
  print(
    flags,
    { defaultBranch: branch },
    `set the default branch of ${printable(name)} to ${printable(branch)}\n`,
  );
}

async function setVisibility(name: string, visibility: Visibility, flags: RepoFlags): Promise<void> {
  await at(flags, (repositories) => repositories.setVisibility(name, visibility));
  print(flags, { visibility }, `noted that ${printable(name)} is ${visibility}\n`);
}

/** Adds `repo` and all that belongs to it. */
export function addRepoCommand(program: Command): void {
  const repo = program.command('repo').description('create, list, rename, delete and describe repositories');
  const add = (name: string, description: string): Command =>
    repo
      .command(name)
      .description(description)
      .option('--gitbase <DIR>', 'the folder with the repositories', '.')
      .option('--json', 'print the result as JSON');
  const visibility = new Option('--visibility <who>', 'who may read it, unless rules say so').choices(
    visibilities,
  );
  add('create', 'make an empty repository')
    .argument('<NAME>', 'its path below the folder, with or without .git')
    .option('--default-branch <name>', 'where HEAD leads (default: main)')
    .addOption(new Option('--object-format <hash>', "git's hash function").choices(['sha1', 'sha256']))
    .option('--description <text>', 'one line that tells what it is for')
    .addOption(visibility)
    .option('--shared <who>', 'who else on this machine may write: group, all, or permissions such as 0640')
    .option('--template <DIR>', 'a folder with hooks and files for it (default: none)')
    .action(create);
  add('list', 'print the names of all repositories')
    .option('--trash', 'of the deleted ones instead')
    .action(list);
  add('show', 'print what is known of a repository').argument('<NAME>').action(show);
  add('rename', 'give a repository another name or folder')
    .argument('<NAME>')
    .argument('<NEW_NAME>')
    .action(rename);
  add('delete', 'move a repository to the trash')
    .argument('<NAME>', 'with --purge also what repo list --trash shows')
    .option('--purge', 'remove it for good')
    .action(remove);
  add('restore', 'bring a deleted repository back')
    .argument('<NAME>', 'its name, for the one that was deleted last, or what repo list --trash shows')
    .argument('[NEW_NAME]')
    .action(restore);
  add('describe', 'set the line that tells what a repository is for')
    .argument('<NAME>')
    .argument('<TEXT>', 'an empty text takes it away')
    .action(describe);
  add('default-branch', 'set the branch that a clone checks out')
    .argument('<NAME>')
    .argument('<BRANCH>')
    .action(setDefaultBranch);
  add(
    'visibility',
    'note in a repository (gittyphoon.visibility) who may read it; rules go by that where they say "noted"',
  )
    .argument('<NAME>')
    .addArgument(new Argument('<WHO>').choices(visibilities))
    .action(setVisibility);
}
