import { PasswordChecker } from './password-checker.js';
import { workOf, type StoredPassword } from './password.js';

type Users = ReadonlyMap<string, StoredPassword>;

/** A stored password whose work is that of most users, for those who do not exist. */
function commonestPassword(users: Users): StoredPassword {
  const counts = new Map<string, number>();
  let commonest: StoredPassword = { kind: 'plain', password: 'nobody' };
  let highest = 0;
  for (const stored of users.values()) {
    const count = (counts.get(workOf(stored)) ?? 0) + 1;
    counts.set(workOf(stored), count);
    if (count > highest) [commonest, highest] = [stored, count];
  }
  return commonest;
}

/** Users with stored passwords, asked in a way that does not tell by its time who is among them. */
export class PasswordUsers {
  readonly #checker = new PasswordChecker();
  #users: Users = new Map();
  #commonest = commonestPassword(this.#users);

  get count(): number {
    return this.#users.size;
  }

  /** Others from now on; what was remembered of passwords is forgotten. */
  replace(users: Users): void {
    this.#users = users;
    this.#commonest = commonestPassword(users);
    this.#checker.clear();
  }

  /** Whether there is such a user with this password. Throws ERR_BUSY while too many are being checked. */
  async check(username: string, password: string): Promise<boolean> {
    const stored = this.#users.get(username);
    const commonest = this.#commonest;
    if (!stored) {
      await this.#checker.pretend(username, password, commonest);
      return false;
    }
    if (await this.#checker.check(username, password, stored)) return true;
    // Passwords of a cheaper kind than most would tell by the time that there is such a user.
    if (workOf(stored) !== workOf(commonest)) await this.#checker.pretend(username, password, commonest);
    return false;
  }
}
