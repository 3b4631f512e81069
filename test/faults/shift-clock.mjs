// Loaded into the server before anything else: each SIGUSR2 moves its wall clock, a day ahead, then two back, and so on.
// The clock for measuring (performance.now, timers) goes on evenly, as the system's does when somebody sets the time.
const RealDate = Date;
const dayMs = 86_400_000;
let shiftMs = 0;
process.on('SIGUSR2', () => {
  shiftMs = shiftMs > 0 ? -dayMs : dayMs;
  // Node.js keeps a Date of its own for its headers: this is how it can be seen from outside.
  process.stderr.write(`the time is ${new Date().toISOString()}\n`);
});
const now = () => RealDate.now() + shiftMs;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
