// Chance that can be repeated: mulberry32, one stream for each client.

/** A source of numbers from 0 up to 1, the same ones for the same seed. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of several. */
export const pick = (random, list) => list[Math.floor(random() * list.length)];

/** One of several `{ weight }`, the heavier the more often. */
export function pickWeighted(random, list) {
  let left = random() * list.reduce((sum, { weight }) => sum + weight, 0);
  return list.find(({ weight }) => (left -= weight) < 0) ?? list.at(-1);
}
