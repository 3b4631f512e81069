import { describe, expect, test } from 'vitest';
import { Observers, type ErrorEvent } from '../../src/events.js';

const event = (text: string): ErrorEvent => ({ error: new Error(text), context: undefined });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function messagesOf(observers: Observers): string[] {
  const messages: string[] = [];
  observers.on('error', ({ error }) => void messages.push((error as Error).message));
  return messages;
}

/** What Node.js is warned of while `act` runs. */
async function warningsOf(act: () => void): Promise<string[]> {
  const warnings: string[] = [];
  const listener = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', listener);
  try {
    act();
    await settled();
    await settled();
  } finally {
    process.off('warning', listener);
  }
  return warnings;
}

describe('observers', () => {
  test('hear of what happens in the order in which they came, until they are removed', () => {
    const observers = new Observers();
    const heard: string[] = [];
    const stop = observers.on('error', ({ error }) => void heard.push(`a ${(error as Error).message}`));
    observers.on('error', ({ error }) => void heard.push(`b ${(error as Error).message}`));
    observers.emit('error', event('1'));
    stop();
    stop();
    observers.emit('error', event('2'));
    expect(heard).toEqual(['a 1', 'b 1', 'b 2']);
  });

  test('hear of their own event only', () => {
    const observers = new Observers();
    const messages = messagesOf(observers);
    observers.emit('request', {} as never);
    observers.emit('push', {} as never);
    observers.emit('fetch', {} as never);
    expect(messages).toEqual([]);
  });

  test('may remove themselves and add others while they are called', () => {
    const observers = new Observers();
    const heard: string[] = [];
    const stop = observers.on('error', () => {
      heard.push('once');
      stop();
    });
    observers.on('error', () => void heard.push('always'));
    observers.emit('error', event('1'));
    observers.emit('error', event('2'));
    expect(heard).toEqual(['once', 'always', 'always']);
  });

  test('that fail are told as errors, and disturb neither each other nor whoever emits', async () => {
    const observers = new Observers();
    const messages = messagesOf(observers);
    let heard = 0;
    observers.on('request', () => {
      throw new Error('sync');
    });
    observers.on('request', () => Promise.reject(new Error('async')));
    observers.on('request', () => void (heard += 1));
    observers.emit('request', {} as never);
    expect(heard).toBe(1);
    await settled();
    expect(messages.toSorted()).toEqual(['async', 'sync']);
  });

  test('of errors that fail themselves are a warning and not the next error', async () => {
    const observers = new Observers();
    let calls = 0;
    observers.on('error', () => {
      calls += 1;
      throw new Error('broken log');
    });
    const warnings = await warningsOf(() => observers.emit('error', event('first')));
    expect(calls).toBe(1);
    expect(warnings).toEqual(['a listener for "error" failed: Error: broken log']);
  });

  test('need not be there, not even for errors', async () => {
    const observers = new Observers();
    expect(await warningsOf(() => observers.emit('error', event('unheard')))).toEqual([]);
  });

  test('of an event that does not exist are refused', () => {
    for (const name of ['requests', '__proto__', 'toString', '']) {
      expect(() => new Observers().on(name as 'error', () => {})).toThrow(TypeError);
    }
  });
});
