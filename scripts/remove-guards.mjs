// Removes each guard of access and pushes in turn, and shows that a test fails then: npm run test:guards [-- WORDS]
// It works on a copy of the checkout that is deleted afterwards. Takes some minutes. Exits with 1 when a guard's removal goes
// unnoticed, or when a guard is no longer where this list says.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const guards = [
  {
    name: 'who is not allowed is refused',
    file: 'src/http/gate.ts',
    code: 'return answer === true;',
    without: 'return true;',
    test: 'test/security/access-matrix-hiding.test.ts',
  },
  {
    name: 'credentials that are not good are refused, also for what is public',
    file: 'src/http/gate.ts',
    code: 'if (!user && context.credentials) throw unauthenticated(policy, context);',
    without: '',
    test: 'test/security/credentials.test.ts',
  },
  {
    name: 'a scope holds down the rights of its user',
    file: 'src/http/gate.ts',
    code: 'return !scope || (scope.operations.includes(operation) && scope.includes(name));',
    without: 'return true;',
    test: 'test/conformance/token-scopes.test.ts',
  },
  {
    name: 'who may not read hears the same of what is there and what is not',
    file: 'src/http/gate.ts',
    code: "if (!mayRead) throw new GitTyphoonError('ERR_NOT_FOUND');",
    without: '',
    test: 'test/security/access-matrix-hiding.test.ts',
  },
  {
    name: 'who may write to everything may not create everything',
    file: 'src/http/gate.ts',
    code: '{ ...policy, publicWrite: false }',
    without: '{ ...policy }',
    test: 'test/conformance/create-on-push-names.test.ts',
  },
  {
    name: 'a ref that is refused is refused',
    file: 'src/push/decide.ts',
    code: 'else if (decision === false) refusals.add(noReason, refName);',
    without: 'else if (decision === false) continue;',
    test: 'test/conformance/push-reports.test.ts test/conformance/push-refusals.test.ts',
  },
  {
    name: 'a deleted ref counts as one that is rewritten',
    file: 'src/push/decide.ts',
    code: "if (kind === 'delete') refusals.add(decision.unlessForced, refName);",
    without: '',
    test: 'test/conformance/push-refusals.test.ts test/security/access-matrix.test.ts test/unit/push',
  },
  {
    name: 'no history is rewritten where that is refused',
    file: 'src/push/decide.ts',
    code: "if (kind === 'update') fastForwardOnly.set(refName, decision.unlessForced);",
    without: '',
    test: 'test/conformance/push-refusals.test.ts test/security/access-matrix.test.ts',
  },
  {
    name: 'the number of refs of a push is bounded',
    file: 'src/push/limits.ts',
    code: 'maxRefUpdates !== undefined && facts.updates.length > maxRefUpdates',
    without: 'maxRefUpdates !== undefined && facts.updates.length > Infinity',
    test: 'test/conformance/push-limits.test.ts',
  },
  {
    name: 'a full repository takes no more',
    file: 'src/push/limits.ts',
    code: 'const left = maxRepositoryBytes - (await bytesOf(tools.git, facts.repository));',
    without: 'const left = Infinity;',
    test: 'test/conformance/push-limits.test.ts',
  },
  {
    name: 'an object that is too large is refused on its way',
    file: 'src/push/object-limit.ts',
    code: 'if (bytes <= maxObjectBytes) return;',
    without: 'if (bytes <= Infinity) return;',
    test: 'test/conformance/object-limit.test.ts',
  },
  {
    name: 'the header of a proxy is believed from a proxy only',
    file: 'src/access/proxy-header.ts',
    code: 'if (!isTrusted(peerAddress ?? remoteAddress)) return undefined;',
    without: '',
    test: 'test/unit/access/proxy-header.test.ts test/conformance/authenticators.test.ts',
  },
  {
    name: 'a token that has been found bad is nobody else’s',
    file: 'src/access/combine.ts',
    code: 'if (user !== undefined) return user;',
    without: 'if (user) return user;',
    test: 'test/unit/access/combine.test.ts',
  },
  {
    name: 'a right token is compared to its end',
    file: 'src/access/tokens.ts',
    code: 'timingSafeEqual(hashToken(text), found?.hash ?? nobodysHash)',
    without: 'found !== undefined',
    test: 'test/unit/access',
  },
  {
    name: 'wrong passwords are refused after too many',
    file: 'src/access/guess-limit.ts',
    code: 'return failures.count >= this.#maxFailures ? failures : undefined;',
    without: 'return undefined;',
    test: 'test/unit/access/throttle.test.ts test/security/guesses.test.ts',
  },
  {
    name: 'no more guesses are checked at once than failures are left',
    file: 'src/access/guess-limit.ts',
    code: 'return this.#failures.get(key).count + this.#underWay.get(key) < this.#maxFailures;',
    without: 'return true;',
    test: 'test/unit/access/throttle-at-once.test.ts test/security/guesses.test.ts',
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2).join(' ');
const copy = mkdtempSync(join(tmpdir(), 'gittyphoon-guards-'));
let unnoticed = 0;

/** Whether the tests pass. */
function pass(tests) {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', ...tests.split(' ')],
    { cwd: copy, stdio: 'ignore' },
  );
  return status === 0;
}

try {
  for (const part of [
    'src',
    'test',
    'docs',
    'examples',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const chosen = guards.filter((guard) => guard.name.includes(words));
  // A test that fails by itself would notice nothing.
  const all = new Set(chosen.flatMap(({ test }) => test.split(' ')));
  if (!pass([...all].join(' '))) throw new Error('the tests do not pass with all guards in place');
  for (const { name, file, code, without, test } of chosen) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (text.split(code).length !== 2) throw new Error(`${file} does not hold this once: ${code}`);
    writeFileSync(path, text.replace(code, without));
    const isNoticed = !pass(test);
    writeFileSync(path, text);
    if (!isNoticed) unnoticed += 1;
    process.stdout.write(`${isNoticed ? 'noticed  ' : 'UNNOTICED'}  ${name}\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;
