import { visibilities } from '../../../repository/create-settings.js';
import { choice, path, text, yesOrNo } from '../kinds.js';
import { setting } from '../setting.js';

/** What is served, and what a push that creates a repository makes. */
export const repositories = {
  'repositories.root': setting({
    kind: path,
    default: '.',
    flag: '--gitbase <DIR>',
    text: 'the same as DIR',
    needsRestart: true,
  }),
  'repositories.require-export-ok': setting({
    kind: yesOrNo,
    default: false,
    text: 'serve only repositories with a file git-daemon-export-ok',
    needsRestart: true,
  }),
  'create-on-push.enabled': setting({
    kind: yesOrNo,
    default: false,
    flag: '--create-on-push',
    text: 'let users create by pushing what the access file or the rules let them write',
  }),
  'create-on-push.default-branch': setting({
    kind: text,
    text: 'where HEAD of a new repository leads',
    without: '`main`, or a branch that was pushed',
  }),
  'create-on-push.object-format': setting({
    kind: choice(['sha1', 'sha256']),
    default: 'sha1',
    text: "a new repository's hash function",
  }),
  'create-on-push.description': setting({
    kind: text,
    text: "a new repository's description",
    without: 'none',
  }),
  'create-on-push.visibility': setting({
    kind: choice(visibilities),
    text: 'who may read a new repository, unless rules say so',
    without: 'none',
  }),
  'create-on-push.shared': setting({
    kind: text,
    text: 'core.sharedRepository of a new repository: `group`, `all`, or permissions such as `0640`',
    without: "the server's umask",
  }),
  'create-on-push.template-directory': setting({
    kind: path,
    text: 'a folder with hooks and files for new repositories; its hooks run on this machine',
    without: 'none',
  }),
};
