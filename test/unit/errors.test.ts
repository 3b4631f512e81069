import { describe, expect, test } from 'vitest';
import { failureTable, GitTyphoonError, OptionError, type FailureCode } from '../../src/errors.js';
import { asFailure, failureResponse, isServerFault } from '../../src/http/failures.js';

const codes = Object.keys(failureTable) as FailureCode[];

describe('a failure', () => {
  test.each(codes)('%s has a status and a text that is safe to send', (code) => {
    const { status, message } = failureTable[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(message).toMatch(/^[a-z][\x20-\x7e]+[^.]$/i);
    const error = new GitTyphoonError(code);
    expect(error).toMatchObject({ name: 'GitTyphoonError', code, status, message, headers: [] });
    expect(error).toBeInstanceOf(Error);
    expect('cause' in error).toBe(false);
  });

  test('may have a text of its own, headers, and a cause that is for the log', () => {
    const cause = new Error('/srv/private');
    const headers = [['Retry-After', '5']] as const;
    const error = new GitTyphoonError('ERR_FORBIDDEN', { message: 'ask Ann', cause, headers });
    expect(error).toMatchObject({ status: 403, message: 'ask Ann', cause, headers });
    const response = failureResponse(error);
    expect(response.headers).toContainEqual(['Retry-After', '5']);
    expect(response.body).toEqual({ kind: 'bytes', bytes: Buffer.from('ask Ann\n') });
    expect(JSON.stringify(response)).not.toContain('private');
  });

  test('is made of any error, without telling what that was', () => {
    const known = new GitTyphoonError('ERR_NOT_FOUND');
    expect(asFailure(known)).toBe(known);
    for (const thrown of [new Error('secret'), 'secret', undefined, null, { message: 'secret' }]) {
      const failure = asFailure(thrown);
      expect(failure).toMatchObject({ code: 'ERR_INTERNAL', message: failureTable.ERR_INTERNAL.message });
      expect(failure.cause).toBe(thrown);
    }
  });

  test('is the matter of the operator when it is the fault of the server', () => {
    for (const code of [
      'ERR_INTERNAL',
      'ERR_GIT_FAILED',
      'ERR_GIT_UNAVAILABLE',
      'ERR_AUTHENTICATION_UNAVAILABLE',
    ] as const) {
      expect(isServerFault(new GitTyphoonError(code))).toBe(true);
    }
    for (const code of ['ERR_CLOSING', 'ERR_NOT_FOUND', 'ERR_BAD_REQUEST'] as const) {
      expect(isServerFault(new GitTyphoonError(code))).toBe(false);
    }
  });

  test('has a length that counts bytes', () => {
    const response = failureResponse(new GitTyphoonError('ERR_FORBIDDEN', { message: 'größe' }));
    expect(new Map(response.headers).get('Content-Length')).toBe('8');
  });

  test('with a code that is not in the table is a mistake of who throws it', () => {
    for (const code of ['ERR_TEAPOT', 'toString', '__proto__']) {
      expect(() => new GitTyphoonError(code as FailureCode)).toThrow(TypeError);
    }
  });
});

test('an option that cannot be used is a TypeError with its name', () => {
  const error = new OptionError('cors.origins', 'must be a list');
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({
    name: 'OptionError',
    option: 'cors.origins',
    message: 'option "cors.origins" must be a list',
  });
});
