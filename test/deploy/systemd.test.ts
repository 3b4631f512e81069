/** The unit for systemd, read by systemd itself. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTempDir } from '../support/fixtures.js';

const place = makeTempDir();
afterAll(() => place.dispose());

function hasSystemd(): boolean {
  if (spawnSync('systemd-analyze', ['--version']).status === 0) return true;
  if (process.env['CI']) throw new Error('systemd-analyze is missing, and in CI nothing may be');
  process.stderr.write('skipped: the unit is checked by systemd-analyze, which is not here (systemd)\n');
  return false;
}

/** The unit, with a program that there is. */
function writeUnit(): string {
  const unit = readFileSync(new URL('../../deploy/systemd/gittyphoon.service', import.meta.url), 'utf8');
  const program = '/opt/gittyphoon/bin/gittyphoon';
  expect(unit).toContain(`ExecStart=${program} serve`);
  const path = join(place.path, 'gittyphoon.service');
  writeFileSync(path, unit.replace(program, process.execPath));
  return path;
}

describe.skipIf(!hasSystemd())('the unit', () => {
  it('is one that systemd understands to its last word', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', writeUnit()], { encoding: 'utf8' });
    expect(stderr.split('\n').filter((line) => line.includes('gittyphoon.service'))).toEqual([]);
    expect(status).toBe(0);
  });

  it('leaves little open, as systemd counts that', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', writeUnit()], {
      encoding: 'utf8',
    });
    const level = /Overall exposure level for gittyphoon\.service: ([\d.]+)/.exec(stdout)?.[1];
    expect(Number(level)).toBeLessThan(2);
  });
});
