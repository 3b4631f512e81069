/** Groups of users, which may hold other groups. */
import { RulesProblem } from './rules-problem.js';
import { readList, readTable, readText } from './rules-values.js';

/** Who somebody is, as rules see it. */
export interface Asker {
  /** Undefined for those without a name. */
  readonly name: string | undefined;
  readonly groups: ReadonlySet<string>;
}

interface Group {
  readonly users: Set<string>;
  /** Every member of these is a member too. */
  readonly groups: Set<string>;
}

/** The name of a user as rules may hold it; throws for what is none. */
export function checkUserName(text: string, path: readonly (string | number)[]): string {
  if (text !== text.trim()) throw new RulesProblem(path, `the name "${text}" begins or ends with a space`);
  if (text.includes('*')) {
    throw new RulesProblem(path, `"${text}" looks like a pattern; users are named one by one, or by groups`);
  }
  return text;
}

function readGroup(value: unknown, name: string): Group {
  const path = ['groups', name];
  if (!/^[^\s@*,"\p{Cc}][^\s*,"\p{Cc}]*$/u.test(name)) {
    throw new RulesProblem(path, `"${name}" cannot be the name of a group; use letters, digits, "-" and "_"`);
  }
  if (!Array.isArray(value)) throw new RulesProblem(path, 'the members of a group are a list of names');
  const group: Group = { users: new Set(), groups: new Set() };
  for (const [index, member] of readList(value, path).entries()) {
    const place = [...path, index];
    const text = readText(member, place);
    if (text === 'anonymous') throw new RulesProblem(place, 'those without a name are in no group');
    if (text.startsWith('@')) group.groups.add(text.slice(1));
    else group.users.add(checkUserName(text, place));
  }
  return group;
}

/** Fails for groups that are not there, and for groups that hold themselves. */
function checkNesting(groups: ReadonlyMap<string, Group>): void {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    if (done.has(name)) return;
    for (const inner of groups.get(name)?.groups ?? []) {
      if (!groups.has(inner)) throw new RulesProblem(['groups', name], undeclared(inner));
      const here = [...way, name];
      if (here.includes(inner)) {
        const circle = [...here.slice(here.indexOf(inner)), inner].map((each) => `@${each}`);
        throw new RulesProblem(['groups', name], `the group holds itself: ${circle.join(' holds ')}`);
      }
      visit(inner, here);
    }
    done.add(name);
  };
  for (const name of groups.keys()) visit(name, []);
}

/** What is wrong with a group that no line declares. */
export function undeclared(name: string): string {
  return `there is no group "${name}"; declare it in groups, with an empty list if its members come with their credentials`;
}

/** All groups of some rules. */
export class Groups {
  readonly #groups: ReadonlyMap<string, Group>;
  /** Which groups hold a user, or a group, itself. */
  readonly #ofUser = new Map<string, string[]>();
  readonly #ofGroup = new Map<string, string[]>();

  /** Throws a `RulesProblem` for groups that cannot be used. */
  constructor(data: unknown) {
    const entries = Object.entries(data === undefined ? {} : readTable(data, ['groups']));
    const groups = new Map(entries.map(([name, value]) => [name, readGroup(value, name)]));
    checkNesting(groups);
    this.#groups = groups;
    for (const [name, group] of groups) {
      for (const user of group.users) this.#ofUser.set(user, [...(this.#ofUser.get(user) ?? []), name]);
      for (const inner of group.groups) this.#ofGroup.set(inner, [...(this.#ofGroup.get(inner) ?? []), name]);
    }
  }

  get count(): number {
    return this.#groups.size;
  }

  has(name: string): boolean {
    return this.#groups.has(name);
  }

  /** Somebody with all groups, those from elsewhere and those that hold these included. */
  askerOf(name: string | undefined, groupsFromElsewhere: readonly string[] = []): Asker {
    const groups = new Set<string>();
    if (name === undefined) return { name, groups };
    // A function written in plain JavaScript may give a text, whose letters are no groups.
    const given = Array.isArray(groupsFromElsewhere) ? groupsFromElsewhere : [];
    const left: string[] = [...given, ...(this.#ofUser.get(name) ?? [])];
    for (let group = left.pop(); group !== undefined; group = left.pop()) {
      if (groups.has(group)) continue;
      groups.add(group);
      left.push(...(this.#ofGroup.get(group) ?? []));
    }
    return { name, groups };
  }
}
