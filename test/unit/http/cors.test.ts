import { describe, expect, test } from 'vitest';
import { corsHeaders, preflightResponse, type CorsPolicy } from '../../../src/http/cors.js';
import { requestWith } from './requests.js';

const listed: CorsPolicy = {
  origins: ['https://a.example', 'null.example'],
  credentials: false,
  maxAgeSeconds: 5,
};
const headersFor = (policy: CorsPolicy | undefined, origin?: string): Record<string, string> =>
  Object.fromEntries(corsHeaders(requestWith(origin === undefined ? {} : { origin }), policy));

describe('cross-origin headers', () => {
  test('are not there without a policy', () => {
    expect(headersFor(undefined, 'https://a.example')).toEqual({});
  });

  test('are the same for everybody where every origin may come', () => {
    const policy: CorsPolicy = { origins: '*', credentials: false, maxAgeSeconds: 5 };
    const headers = headersFor(policy);
    expect(headers['Access-Control-Allow-Origin']).toBe('*');
    expect(headers['Vary']).toBeUndefined();
    expect(headersFor(policy, 'https://b.example')).toEqual(headers);
  });

  test('name the one origin that asks, when it is listed', () => {
    const headers = headersFor(listed, 'https://a.example');
    expect(headers['Access-Control-Allow-Origin']).toBe('https://a.example');
    expect(headers['Access-Control-Expose-Headers']).toContain('WWW-Authenticate');
    expect(headers['Access-Control-Allow-Credentials']).toBeUndefined();
    expect(headers['Vary']).toBe('Origin');
  });

  test.each([undefined, '', 'null', '*', 'https://b.example', 'https://a.example.evil', 'https://A.example'])(
    'tell caches only that they depend on the origin, for %j',
    (origin) => {
      expect(headersFor(listed, origin)).toEqual({ Vary: 'Origin' });
    },
  );

  test('allow credentials to listed origins only, where they are allowed', () => {
    const policy = { ...listed, credentials: true };
    expect(headersFor(policy, 'https://a.example')['Access-Control-Allow-Credentials']).toBe('true');
    expect(headersFor(policy, 'https://b.example')).toEqual({ Vary: 'Origin' });
  });
});

test('a preflight is told the methods, the headers of git clients, and how long that holds', () => {
  const { status, headers, body } = preflightResponse(['GET', 'HEAD'], listed);
  const values = Object.fromEntries(headers);
  expect(status).toBe(204);
  expect(body).toEqual({ kind: 'empty' });
  expect(values['Access-Control-Allow-Methods']).toBe('GET, HEAD');
  expect(values['Access-Control-Max-Age']).toBe('5');
  for (const name of ['Authorization', 'Content-Type', 'Content-Encoding', 'Git-Protocol']) {
    expect(values['Access-Control-Allow-Headers']?.split(', ')).toContain(name);
  }
});
