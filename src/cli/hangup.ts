/** SIGHUP: a wish to read the configuration again, or the end of the terminal in which the server was started. */
import { closeSync, constants, openSync } from 'node:fs';

/** Whether there is a terminal that could end this process. One that was closed is none any more. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}

/**
 * From now on SIGHUP does not end the process, unless its terminal has gone: then it is ended as by SIGTERM. The function
 * that is returned takes what reads the configuration again; a signal that has come before counts.
 */
export function catchHangups(): (reload: () => void) => void {
  const beganInTerminal = hasTerminal();
  const state = { isWanted: false, reload: (): void => void (state.isWanted = true) };
  process.on('SIGHUP', () => {
    if (beganInTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else state.reload();
  });
  return (reload) => {
    state.reload = reload;
    if (state.isWanted) reload();
  };
}
