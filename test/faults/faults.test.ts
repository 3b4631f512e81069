/** Causes each fault, looks at what comes of it, and prints a table. `npm run test:faults`. */
import { afterAll, expect, test } from 'vitest';
import { checkAftermath, usageAtRest, type Usage } from './aftermath.js';
import { clientsKilled } from './clients-killed.js';
import { clockJumps } from './clock-jumps.js';
import { descriptorsExhausted } from './descriptors-exhausted.js';
import { diskFull } from './disk-full.js';
import type { Fault } from './fault.js';
import { gitKilled } from './git-killed.js';
import { halfOpen } from './half-open.js';
import { hookHangs, hookLeavesDaemon } from './hooks.js';
import { repositoryDeleted, repositoryRepacked } from './repository-changes.js';
import { serverKilled } from './server-killed.js';
import { slowBody, slowHeader, slowReader } from './slow-clients.js';
import { Place, removeTemplate } from './place.js';

const times = Number(process.env['FAULT_TIMES'] ?? 3);
const only = process.env['FAULT_ONLY'] ?? '';

// Those that wait longest come first: three run at the same time.
const faults: readonly Fault[] = [
  slowHeader,
  slowBody,
  slowReader,
  ...gitKilled,
  clientsKilled,
  diskFull,
  descriptorsExhausted,
  halfOpen,
  hookHangs,
  hookLeavesDaemon,
  repositoryDeleted,
  repositoryRepacked,
  clockJumps,
  ...serverKilled,
].filter(({ name }) => name.includes(only));

interface Row {
  readonly name: string;
  tried: number;
  survived: number;
  remark: string;
}
const rows: readonly Row[] = faults.map(({ name }) => ({ name, tried: 0, survived: 0, remark: '' }));

function printTable(): void {
  const width = Math.max(...faults.map(({ name }) => name.length));
  const line = (name: string, tried: string, survived: string, remark: string): string =>
    `${name.padEnd(width)}  ${tried.padStart(5)}  ${survived.padStart(8)}  ${remark}`.trimEnd();
  const lines = rows.map(({ name, tried, survived, remark }) =>
    line(name, String(tried), String(survived), remark),
  );
  process.stdout.write(`\n${[line('fault', 'tried', 'survived', ''), ...lines].join('\n')}\n`);
}

afterAll(async () => {
  printTable();
  await removeTemplate();
});

test.concurrent.for(faults)('the server survives: $name', async (fault) => {
  const row = rows[faults.indexOf(fault)] as Row;
  const missing = fault.cannot?.();
  if (missing !== undefined) {
    row.remark = `not tried: ${missing}`;
    if (process.env['CI'] !== undefined) throw new Error(`nothing may be missing here: ${missing}`);
    return;
  }
  const failures: unknown[] = [];
  let stage: { place: Place; before: Usage } | undefined;
  while (row.tried < times) {
    row.tried += 1;
    try {
      if (!stage) {
        const place = await Place.open(fault.setting);
        stage = { place, before: await usageAtRest(place) };
      }
      await fault.cause(stage.place);
      await checkAftermath(stage.place, stage.before);
      row.survived += 1;
    } catch (error) {
      failures.push(error);
      await stage?.place.close();
      stage = undefined;
    }
  }
  await stage?.place.close();
  process.stdout.write(`survived ${row.survived} of ${row.tried}: ${fault.name}\n`);
  if (failures.length > 0) throw failures[0];
  expect(row.survived).toBe(times);
});
