import { expect, test } from 'vitest';
import { combineAuthenticators, type Authenticate } from '../../../src/access/index.js';
import { GitTyphoonError } from '../../../src/index.js';
import { basic, contextOf } from './contexts.js';

/** An authenticator that notes that it was asked. */
function answering(asked: string[], label: string, answer: Authenticate): Authenticate {
  return (context) => {
    asked.push(label);
    return answer(context);
  };
}

test('authenticators are asked in order, and the first that recognises somebody decides', async () => {
  const asked: string[] = [];
  const all = combineAuthenticators(
    answering(asked, 'none', () => undefined),
    answering(asked, 'later', () => Promise.resolve(undefined)),
    answering(asked, 'ann', ({ credentials }) => ({ name: credentials?.scheme ?? '', groups: ['a'] })),
    answering(asked, 'bob', () => ({ name: 'bob' })),
  );
  const user = await all(contextOf({ credentials: basic('a', 'b') }));
  expect(user).toEqual({ name: 'basic', groups: ['a'] });
  expect(asked).toEqual(['none', 'later', 'ann']);
});

test('one that knows the credentials, and that they are not good, ends it', async () => {
  const asked: string[] = [];
  const all = combineAuthenticators(
    answering(asked, 'tokens', () => null),
    answering(asked, 'passwords', () => ({ name: 'bob' })),
  );
  expect(await all(contextOf({ credentials: basic('a', 'b') }))).toBeNull();
  expect(asked).toEqual(['tokens']);
});

test('one that throws ends it: nobody comes in by the next because the one before failed', async () => {
  const asked: string[] = [];
  for (const error of [new GitTyphoonError('ERR_BUSY'), new Error('down')]) {
    const all = combineAuthenticators(
      () => Promise.reject(error),
      answering(asked, 'next', () => ({ name: 'bob' })),
    );
    await expect(all(contextOf())).rejects.toBe(error);
  }
  expect(asked).toEqual([]);
});

test('nobody is recognised when none of them does, or there are none', async () => {
  expect(await combineAuthenticators(() => undefined)(contextOf())).toBeUndefined();
  expect(await combineAuthenticators()(contextOf())).toBeUndefined();
});

test('what is no function is refused at once', () => {
  const wrong = { authenticate: () => undefined } as unknown as Authenticate;
  expect(() => combineAuthenticators(() => undefined, wrong)).toThrow(/argument 2/);
});
