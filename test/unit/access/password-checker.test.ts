import { hashSync } from 'bcryptjs';
import { expect, test } from 'vitest';
import { PasswordChecker } from '../../../src/access/password-checker.js';
import { hashPassword, parseStoredPassword } from '../../../src/access/password.js';

const bcrypt = parseStoredPassword(hashSync('one', 4));

test('a flood of wrong passwords is turned away with 503, not 401, and the server recovers', async () => {
  const checker = new PasswordChecker();
  const attempts = Array.from({ length: 700 }, (_, index) => checker.check('a', `wrong ${index}`, bcrypt));
  const outcomes = await Promise.allSettled(attempts);
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  // Two are worked on and 500 wait; none can end before all have come.
  expect(refused).toHaveLength(198);
  for (const { reason } of refused) expect(reason).toMatchObject({ status: 503 });
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value)).toEqual([]);
  expect(await checker.check('a', 'one', bcrypt)).toBe(true);
});

test('equal questions at the same time are one piece of work, also for users who do not exist', async () => {
  const checker = new PasswordChecker();
  const all = Array.from({ length: 600 }, () => [
    checker.check('a', 'one', bcrypt),
    checker.check('a', 'two', bcrypt),
    checker.pretend('nobody', 'one', bcrypt),
  ]);
  // Were they worked out one by one, most of them would be turned away.
  const answers = await Promise.all(all.flat());
  expect(answers).toEqual(all.flatMap(() => [true, false, undefined]));
});

test('what was tried for a user who does not exist opens nothing for one who does', async () => {
  const checker = new PasswordChecker();
  const stored = parseStoredPassword(await hashPassword('one'));
  // The password that stands in for the missing user happens to be the right one.
  expect(await checker.pretend('a', 'one', stored)).toBeUndefined();
  expect(await checker.check('a', 'two', stored)).toBe(false);
  expect(await checker.check('b', 'one', parseStoredPassword(await hashPassword('other')))).toBe(false);
});

test('a thousand remembered passwords push out the oldest and stay right', async () => {
  const checker = new PasswordChecker();
  const cheap = parseStoredPassword(`$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`);
  for (let index = 0; index < 1_100; index += 1) {
    expect(await checker.check(`user ${index}`, 'x', cheap)).toBe(false);
  }
  for (let index = 0; index < 1_100; index += 1) {
    expect(await checker.check(`user ${index}`, 'one', bcrypt)).toBe(true);
  }
  expect(await checker.check('user 0', 'one', bcrypt)).toBe(true);
  expect(await checker.check('user 1099', 'two', bcrypt)).toBe(false);
  checker.clear();
  expect(await checker.check('user 1099', 'one', bcrypt)).toBe(true);
});
