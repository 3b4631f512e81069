import { describeProxy } from './cases.js';

/** As root, nginx would hand its files to a user who cannot open our folder. */
const user = process.getuid?.() === 0 ? 'user root;' : '';

describeProxy({
  name: 'nginx',
  programs: ['nginx', '/usr/sbin/nginx'],
  versionArgument: '-v',
  plainLine: '    listen 80;\n',
  setUp({ snippet, folder, port }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n');
    // Short times outside: those of the snippet have to outrank them.
    const times = ['client_body_timeout', 'send_timeout', 'proxy_send_timeout', 'proxy_read_timeout']
      .map((name) => `${name} 1s;`)
      .join('\n');
    const http = `access_log off;\n${times}\n${temporary}\n${snippet.replace(/listen (?:80|443)/, `listen 127.0.0.1:${port}`)}`;
    return {
      config: `${user}\ndaemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${http}\n}\n`,
      args: ['-p', folder, '-e', 'stderr', '-c', `${folder}/config`],
    };
  },
});
