import { gitConfig } from '../collection-kinds.js';
import { choice, numberChoice, program, yesOrNo } from '../kinds.js';
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
};
