// One of the clients: it does one thing after another, never two at a time.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { actions } from './actions.mjs';
import { pick, pickWeighted, randomFrom } from './random.mjs';
import { createRaw } from './raw.mjs';

/** `tell(name, ms, error)` is called after each action. */
export function makeClient({ number, seed, stage, served, tell }) {
  const random = randomFrom(seed + number * 7_919);
  const client = { id: `c${number}`, random, stage, served, step: 0, tree: undefined };
  client.home = pick(random, stage.pushed).name;

  /** Works until `isOver`, and begins an action every `everyMs` if it can. */
  async function work(isOver, everyMs) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    client.raw = createRaw(served.port, agent);
    let due = performance.now() + random() * everyMs;
    while (!isOver()) {
      await sleep(Math.max(0, due - performance.now()));
      if (isOver()) break;
      const { name, run } = pickWeighted(random, actions);
      client.step += 1;
      const began = performance.now();
      const error = await run(client).then(
        () => undefined,
        (problem) => problem,
      );
      tell(name, performance.now() - began, error);
      // Whoever is late makes up for it, so that a slow minute does not take requests away.
      due += everyMs * (0.5 + random());
    }
    agent.destroy();
  }
  return { work };
}
