import { describeProxy } from './cases.js';

describeProxy({
  name: 'haproxy',
  programs: ['haproxy', '/usr/sbin/haproxy'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    return {
      config: snippet.replace('bind :80', `bind 127.0.0.1:${port}`),
      args: ['-db', '-f', `${folder}/config`],
    };
  },
});
