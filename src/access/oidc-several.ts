import type { Authenticate } from './policy.js';

/**
 * One function of several that may have the same issuer: the first that recognises somebody decides. A token that is some
 * issuer's and that none accepts is nobody's (null); `combineAuthenticators` would end at the first of them.
 */
export function askEach(authenticators: readonly Authenticate[]): Authenticate {
  return async (context) => {
    let answer: null | undefined;
    for (const authenticate of authenticators) {
      const user = await authenticate(context);
      if (user) return user;
      if (user === null) answer = null;
    }
    return answer;
  };
}
