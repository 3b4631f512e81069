import { list } from '../collection-kinds.js';
import { duration, path, text, url, wholeNumber, yesOrNo } from '../kinds.js';
import { setting } from '../setting.js';

/** Who may do what. */
export const access = {
  'access.file': setting({
    kind: path,
    flag: '--accessfile <FILE>',
    text: 'who may push where; without it nobody may',
    without: 'none',
  }),
  'access.htpasswd': setting({
    kind: path,
    flag: '--htpasswd <FILE>',
    text: 'users and passwords as Apache keeps them',
    without: 'none',
  }),
  'access.auth-url': setting({
    kind: url,
    flag: '--auth-url <URL>',
    text: 'an endpoint that is asked who somebody is',
    without: 'none',
  }),
  'access.oidc': setting({
    kind: path,
    flag: '--oidc <FILE>',
    text: 'issuers whose identity tokens are accepted',
    without: 'none',
  }),
  'access.trusted-proxies': setting({
    kind: list,
    flag: '--trusted-proxy <ADDRESS>',
    text: 'a proxy in front, which tells the addresses of clients (may be repeated)',
    without: 'none',
  }),
  'access.user-header': setting({
    kind: text,
    flag: '--user-header <NAME>',
    text: 'the header in which a trusted proxy names the user',
    without: 'none',
  }),
  'access.rules': setting({
    kind: path,
    flag: '--rules <FILE>',
    text: 'who may read and change what; the access file then gives users only',
    without: 'none',
  }),
  'access.tokens': setting({
    kind: path,
    flag: '--tokens <FILE>',
    text: 'access tokens, made with "gittyphoon token create"',
    without: 'none',
  }),
  'access.realm': setting({
    kind: text,
    default: 'Git',
    flag: '--realm <text>',
    text: 'the name that password prompts show',
    option: 'realm',
  }),
  'access.public-read': setting({
    kind: yesOrNo,
    text: '`true`: everybody may read everything; `false`: without rules, a repository that has noted no visibility is for those with a name',
    without: 'rules decide; without any, everybody may read where a repository has noted nothing else',
  }),
};

/** How failed logins are bounded. */
export const throttle = {
  'access.throttle.window': setting({
    kind: duration,
    default: 900_000,
    text: 'for how long failed logins count, at most a day',
  }),
  'access.throttle.max-failures-per-address': setting({
    kind: wholeNumber(1, 1_000_000),
    default: 50,
    text: 'how many failed logins an address may have',
  }),
  'access.throttle.max-failures-per-user': setting({
    kind: wholeNumber(1, 1_000_000),
    default: 10,
    text: 'how many failed logins a user name may have from one address',
  }),
  'access.throttle.shared-addresses': setting({
    kind: list,
    without: 'none',
    text: "addresses and networks where nobody is refused for others' failures, beside this machine and trusted proxies",
  }),
  'access.throttle.delay': setting({
    kind: duration,
    default: 250,
    text: 'how long the attempt after the first failure waits; each further failure doubles it; `0s` slows nothing',
  }),
  'access.throttle.max-delay': setting({
    kind: duration,
    default: 4_000,
    text: 'the longest that an attempt waits, at most a minute',
  }),
};
