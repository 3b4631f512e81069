/**
 * The environment of every git process: an allow-list from our own, never a GIT_* of whoever started the
 * server, never anything that a client could have put into a header.
 */
const inherited = [
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'GNUPGHOME',
  'TMPDIR',
  'TZ',
  'LD_LIBRARY_PATH',
  // Windows finds neither its libraries nor its temporary folder without these.
  'SystemRoot',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
] as const;

export type GitEnvironment = Readonly<Record<string, string>>;

/** What all processes share. Messages are in English, whatever the server's language, so that they are stable. */
export function baseEnvironment(own: NodeJS.ProcessEnv): GitEnvironment {
  const kept: Record<string, string> = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' };
  for (const name of inherited) {
    const value = own[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/**
 * What an embedder's function gave for git and its hooks. Configuration has an option of its own: in here it would
 * replace ours, `hooks: 'none'` included.
 */
export function checkEnvironment(given: unknown): GitEnvironment {
  if (typeof given !== 'object' || given === null) throw new TypeError('environment() must return an object');
  for (const [name, value] of Object.entries(given)) {
    if (/^GIT_CONFIG_(?:COUNT|KEY_|VALUE_|PARAMETERS)/.test(name)) {
      throw new TypeError(`environment() may not set ${name}; use the option "gitConfig"`);
    }
    if (name === '' || /[=\0]/.test(name) || typeof value !== 'string' || value.includes('\0')) {
      throw new TypeError(`environment() must give texts without NUL; ${JSON.stringify(name)} is none`);
    }
  }
  return given as GitEnvironment;
}

/** Configuration for one process (git-config, GIT_CONFIG_COUNT); it outranks every file. */
export function configEnvironment(
  config: readonly (readonly [key: string, value: string])[],
): GitEnvironment {
  if (config.length === 0) return {};
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(config.length) };
  config.forEach(([key, value], index) => {
    variables[`GIT_CONFIG_KEY_${index}`] = key;
    variables[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return variables;
}

/** Characters that git would refuse in an identity, or that would end it early, are left out. */
function identityPart(text: string): string {
  let kept = '';
  for (const character of text) {
    if (character >= ' ' && character !== '<' && character !== '>' && character !== '\u007f')
      kept += character;
  }
  return kept.trim();
}

/**
 * Who is at the other end, as http-backend tells git (http-backend.c: run_service): REMOTE_USER and REMOTE_ADDR
 * for hooks, the committer for reflogs.
 */
export function clientEnvironment(user: string | undefined, address: string | undefined): GitEnvironment {
  const name = identityPart(user ?? '') || 'anonymous';
  const host = identityPart(address ?? '') || '(none)';
  return {
    ...(user === undefined ? {} : { REMOTE_USER: user.replaceAll('\0', '') }),
    ...(address === undefined ? {} : { REMOTE_ADDR: address }),
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: `${name}@http.${host}`,
  };
}
