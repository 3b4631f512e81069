// Causes failures and looks whether the server survives them: `npm run test:faults -- --times 10`.
//   --times N     how often each fault is caused (default 3)
//   --only WORDS  only the faults whose names hold these words
//   --short       does not wait for deadlines that take longer than a few seconds
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { times: { type: 'string', default: '3' }, only: { type: 'string' }, short: { type: 'boolean' } },
});
if (!/^[1-9]\d*$/.test(values.times)) throw new Error('--times takes a whole number from 1 on');

const { status } = spawnSync('vitest', ['run', '--config', 'vitest.faults.config.ts'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    FAULT_TIMES: values.times,
    FAULT_ONLY: values.only ?? '',
    FAULT_SHORT: values.short ? '1' : '',
  },
});
process.exitCode = status ?? 1;
