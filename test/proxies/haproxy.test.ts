import { describeProxy } from './cases.js';

describeProxy({
  name: 'haproxy',
  programs: ['haproxy', '/usr/sbin/haproxy'],
  versionArgument: '-v',
  plainLine: '    bind :80\n',
  setUp({ snippet, folder, port }) {
    return {
      // Short times outside: those of the snippet have to outrank them.
      config: `defaults\n    timeout client 1s\n    timeout server 1s\n\n${snippet}`.replace(
        /bind :(?:80|443)/,
        `bind 127.0.0.1:${port}`,
      ),
      args: ['-db', '-f', `${folder}/config`],
    };
  },
});
