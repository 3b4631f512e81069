import { existsSync } from 'node:fs';
import { describeProxy } from './cases.js';

const places = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/lib/httpd/modules'];
const modules = places.find((place) => existsSync(place)) ?? 'modules';

/** Some systems build these in, others load them. */
function load(name: string): string {
  return `<IfModule !${name}_module>\nLoadModule ${name}_module ${modules}/mod_${name}.so\n</IfModule>`;
}

/** Apache does not serve as root. */
const user = process.getuid?.() === 0 ? ['User daemon', 'Group daemon'] : [];

describeProxy({
  name: 'apache',
  programs: ['apache2', 'httpd', '/usr/sbin/apache2', '/usr/sbin/httpd'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    const names = [
      'mpm_event',
      'unixd',
      'authz_core',
      'env',
      'reqtimeout',
      'proxy',
      'proxy_http',
      'ssl',
      'http2',
    ];
    const own = [
      `ServerRoot ${folder}`,
      `DefaultRuntimeDir ${folder}`,
      `PidFile ${folder}/pid`,
      `Listen 127.0.0.1:${port}`,
      'ServerName 127.0.0.1',
      // Not /dev/stderr: that is a socket here, which Apache cannot open.
      `ErrorLog ${folder}/log`,
      // Short times outside: those of the snippet have to outrank them.
      'Timeout 1',
    ];
    return {
      config: [...own, ...names.map(load), 'ProxyTimeout 1', ...user, snippet].join('\n'),
      args: ['-DFOREGROUND', '-d', folder, '-f', `${folder}/config`],
    };
  },
});
