/** The proxies that are tested with, and how each is started. */
import { existsSync } from 'node:fs';
import type { ProxyKind } from './proxy.js';

/** As root, nginx would hand its files to a user who cannot open our folder. */
const nginxUser = process.getuid?.() === 0 ? 'user root;' : '';

export const nginx: ProxyKind = {
  name: 'nginx',
  programs: ['nginx', '/usr/sbin/nginx'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join('\n');
    const http = `access_log off;\n${temporary}\n${snippet.replace('listen 80;', `listen 127.0.0.1:${port};`)}`;
    return {
      config: `${nginxUser}\ndaemon off;\npid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\n${http}\n}\n`,
      args: ['-p', folder, '-e', 'stderr', '-c', `${folder}/config`],
    };
  },
};

const places = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/lib/httpd/modules'];
const modules = places.find((place) => existsSync(place)) ?? 'modules';

/** Some systems build these in, others load them. */
function load(name: string): string {
  return `<IfModule !${name}_module>\nLoadModule ${name}_module ${modules}/mod_${name}.so\n</IfModule>`;
}

/** Apache does not serve as root. */
const apacheUser = process.getuid?.() === 0 ? ['User daemon', 'Group daemon'] : [];

export const apache: ProxyKind = {
  name: 'apache',
  programs: ['apache2', 'httpd', '/usr/sbin/apache2', '/usr/sbin/httpd'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    const names = [
      'mpm_event',
      'unixd',
      'authz_core',
      'env',
      'headers',
      'filter',
      'deflate',
      'reqtimeout',
      'proxy',
      'proxy_http',
    ];
    const own = [
      `ServerRoot ${folder}`,
      `DefaultRuntimeDir ${folder}`,
      `PidFile ${folder}/pid`,
      `Listen 127.0.0.1:${port}`,
      'ServerName 127.0.0.1',
      // Not /dev/stderr: that is a socket here, which Apache cannot open.
      `ErrorLog ${folder}/log`,
    ];
    return {
      config: [...own, ...names.map(load), ...apacheUser, snippet].join('\n'),
      args: ['-DFOREGROUND', '-d', folder, '-f', `${folder}/config`],
    };
  },
};

export const haproxy: ProxyKind = {
  name: 'haproxy',
  programs: ['haproxy', '/usr/sbin/haproxy'],
  versionArgument: '-v',
  setUp({ snippet, folder, port }) {
    return {
      config: snippet.replace('bind :80', `bind 127.0.0.1:${port}`),
      args: ['-db', '-f', `${folder}/config`],
    };
  },
};

export const caddy: ProxyKind = {
  name: 'caddy',
  programs: ['caddy'],
  versionArgument: 'version',
  setUp({ snippet, folder, port }) {
    const global = '{\n\tadmin off\n}\n';
    return {
      config: global + snippet.replace(':80 {', `http://127.0.0.1:${port} {`),
      args: ['run', '--adapter', 'caddyfile', '--config', `${folder}/config`],
    };
  },
  environment: (folder) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
};
