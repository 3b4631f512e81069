/** `gittyphoon doctor`: looks at all that a server needs, changes nothing, and says what to change. */
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { plainRunner, type GitRunner } from '../../git/runner.js';
import { DirectoryStore } from '../../repository/directory-store.js';
import { repositoryUrl } from '../addresses.js';
import { readConfiguration } from '../configuration/configuration.js';
import { oneFolder, repositoriesFolder } from '../folder.js';
import { checkDescriptors } from './descriptors.js';
import { checkDisk } from './disk.js';
import { notTried, type Finding } from './finding.js';
import { checkFolders } from './leftovers.js';
import { checkGit, checkNode } from './programs.js';
import { checkProxy } from './proxy/check.js';
import { parseTarget, type Target } from './proxy/target.js';
import { hasProblem, reportJson, reportText } from './report.js';
import { checkRepositories } from './repositories.js';

interface DoctorFlags {
  readonly gitbase?: string;
  readonly config?: string;
  readonly url?: string;
  readonly patient?: boolean;
  readonly json?: boolean;
}

/** Where a server has what it works with. */
interface Place {
  /** Undefined where only a URL is looked at. */
  readonly root: string | undefined;
  readonly temporary: string;
  readonly gitCommand: string;
}

interface LocalResult {
  readonly findings: readonly Finding[];
  /** A repository; undefined where there is none. */
  readonly first: string | undefined;
}

async function examineFolder(
  root: string,
  { temporary, gitCommand }: Place,
  git: GitRunner,
): Promise<LocalResult> {
  const gitFinding = await checkGit(git, gitCommand);
  const machine = [
    gitFinding,
    checkNode(process.version),
    await checkDescriptors(),
    ...(await checkDisk(root, temporary)),
  ];
  if (gitFinding.state === 'problem') {
    const skipped = notTried('repositories', 'git is needed to look at them', 'see what is said of git');
    return { findings: [...machine, skipped], first: undefined };
  }
  const { findings, first } = await checkRepositories(new DirectoryStore({ root }), git);
  return { findings: [...machine, ...findings, ...(await checkFolders(root, temporary))], first };
}

/** With a folder beside it, the URL of a server's root is led on to the first repository. */
function repositoryBehind(target: Target, first: string | undefined, isRoot: boolean): Target {
  if (!isRoot || first === undefined || first === '') return target;
  return { ...target, url: repositoryUrl(`${target.url}/`, first) };
}

async function choosePlace(dir: string | undefined, { gitbase, config, url }: DoctorFlags): Promise<Place> {
  const given = oneFolder(dir, gitbase);
  if (config === undefined) {
    const folder = given ?? (url === undefined ? '.' : undefined);
    return {
      root: folder === undefined ? undefined : repositoriesFolder(folder),
      temporary: tmpdir(),
      gitCommand: 'git',
    };
  }
  const { values } = (await readConfiguration({ given: new Map(), file: config })).configuration;
  return {
    root: repositoriesFolder(given ?? values['repositories.root']),
    temporary: values['limits.temporary-directory'] ?? tmpdir(),
    gitCommand: values['git.command'],
  };
}

async function examine(
  dir: string | undefined,
  flags: DoctorFlags,
  setExitCode: (code: number) => void,
): Promise<void> {
  const place = await choosePlace(dir, flags);
  const { root, gitCommand } = place;
  const target = flags.url === undefined ? undefined : parseTarget(flags.url);
  const git = plainRunner(gitCommand);
  const local: LocalResult =
    root === undefined ? { findings: [], first: undefined } : await examineFolder(root, place, git);
  const isRoot = flags.url?.endsWith('/') ?? false;
  const outside =
    target === undefined
      ? []
      : await checkProxy(repositoryBehind(target, local.first, isRoot), git, {
          isPatient: flags.patient ?? false,
        });
  const findings = [...local.findings, ...outside];
  process.stdout.write(flags.json ? reportJson(findings) : reportText(findings));
  setExitCode(hasProblem(findings) ? 1 : 0);
}

/** Adds the command; `setExitCode` hears 1 where a problem was found. */
export function addDoctorCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command('doctor')
    .description('look for what keeps a server from working well, and say what to change')
    .argument('[DIR]', 'the folder with the repositories (default: the current one, unless --url is given)')
    .option('--gitbase <DIR>', 'the same as DIR')
    .option('--config <FILE>', 'the settings of the server: its folders and its git')
    .option(
      '--url <URL>',
      'a repository as clients reach it, to try the proxy before it; ends with / for a server, whose first repository in DIR is tried',
    )
    .option('--patient', 'try also what takes more than a minute')
    .option('--json', 'print the findings as JSON')
    .action((dir: string | undefined, flags: DoctorFlags) => examine(dir, flags, setExitCode));
}
