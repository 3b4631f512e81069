/** Functions behind a throttle, and attempts at them. */
import { throttled, type Authenticate, type ThrottleOptions } from '../../../src/access/index.js';
import { GitTyphoonError, type Credentials } from '../../../src/index.js';
import { basic, contextOf } from './contexts.js';

/** Everybody's password is "right"; how often it was asked. */
export function door(options: ThrottleOptions = {}) {
  let asked = 0;
  const check: Authenticate = async ({ credentials }) => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (credentials?.scheme === 'basic' && credentials.password === 'right') {
      return { name: credentials.username };
    }
    return credentials?.scheme === 'bearer' && credentials.token === 'right' ? { name: 'token' } : undefined;
  };
  const authenticate = throttled(check, { delayMs: 0, ...options });
  const attempt = async (
    user: string,
    password: string,
    remoteAddress: string | undefined = '192.0.2.1',
  ): Promise<string | number | undefined> => send(basic(user, password), remoteAddress);
  const send = async (
    credentials: Credentials | undefined,
    remoteAddress: string | undefined,
  ): Promise<string | number | undefined> => {
    try {
      return (await authenticate(contextOf({ credentials, remoteAddress })))?.name;
    } catch (error) {
      if (error instanceof GitTyphoonError) return error.status;
      throw error;
    }
  };
  return { authenticate, attempt, send, asked: () => asked };
}

/** A check that ends when it is told to, with everybody's password "right"; and what it was asked. */
export function heldDoor(options: ThrottleOptions = {}) {
  const checking: { readonly password: string; readonly end: () => void }[] = [];
  const authenticate = throttled(
    ({ credentials }) =>
      new Promise((resolve) => {
        if (credentials?.scheme !== 'basic') return resolve(undefined);
        const { username: name, password } = credentials;
        checking.push({ password, end: () => resolve(password === 'right' ? { name } : undefined) });
      }),
    { delayMs: 0, ...options },
  );
  const attempt = async (
    user: string,
    password: string,
    remoteAddress = '192.0.2.1',
    signal = new AbortController().signal,
  ): Promise<string | number | undefined> => {
    const context = contextOf({ credentials: basic(user, password), remoteAddress, signal });
    try {
      return (await authenticate(context))?.name;
    } catch (error) {
      if (error instanceof GitTyphoonError) return error.status;
      return String(error);
    }
  };
  return { checking, attempt };
}
