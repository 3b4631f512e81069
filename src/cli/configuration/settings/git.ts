import { gitConfig } from '../collection-kinds.js';
import { choice, numberChoice, program, size, wholeNumber, yesOrNo } from '../kinds.js';
import { setting } from '../setting.js';

/** How git is run, and what is spoken. */
export const git = {
  'git.command': setting({
    kind: program,
    default: 'git',
    text: 'the git executable',
    option: 'gitCommand',
    needsRestart: true,
  }),
  'git.config': setting({
    kind: gitConfig,
    default: {},
    text: "configuration for every git; it outranks the repositories' own, and its values are not printed",
    option: 'gitConfig',
    isSecret: true,
    needsRestart: true,
  }),
  'git.hooks': setting({
    kind: choice(['repository', 'none']),
    default: 'repository',
    text: 'whether the hooks of each repository run, or none',
    option: 'hooks',
    needsRestart: true,
  }),
  'git.highest-protocol-version': setting({
    kind: numberChoice([0, 1, 2]),
    default: 2,
    text: "the highest version of git's protocol that is spoken",
    option: 'highestProtocolVersion',
  }),
  'git.dumb-http': setting({
    kind: yesOrNo,
    default: true,
    text: 'the dumb protocol, which hands out also objects that no ref reaches any more',
    option: 'dumbHttp',
  }),
  'git.pack-threads': setting({
    kind: wholeNumber(1),
    text: 'how many threads of one git compress a pack',
    without: 'one for each processor',
    option: 'gitResources.packThreads',
    needsRestart: true,
  }),
  'git.pack-window-memory': setting({
    kind: size,
    text: 'the memory that each of these threads may use for its window',
    without: 'no bound',
    option: 'gitResources.packWindowMemoryBytes',
    needsRestart: true,
  }),
  'git.nice': setting({
    kind: wholeNumber(0, 19),
    text: 'how far other programs go before git when processors are short',
    without: '`0`',
    option: 'gitResources.nice',
    needsRestart: true,
  }),
  'git.max-memory': setting({
    kind: size,
    text: 'the memory that each process of git may write to; needs the command prlimit',
    without: 'no bound',
    option: 'gitResources.maxMemoryBytes',
    needsRestart: true,
  }),
  'git.max-cpu-seconds': setting({
    kind: wholeNumber(1),
    text: 'the processor time of each process of git, in seconds; needs the command prlimit',
    without: 'no bound',
    option: 'gitResources.maxCpuSeconds',
    needsRestart: true,
  }),
};
