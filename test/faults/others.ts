import type { Place } from './place.js';

/** A clone and a push beside what goes wrong. */
export async function othersAreServed(place: Place): Promise<void> {
  const results = await Promise.all([place.clone(), place.push(place.freshRef())]);
  for (const { code, stderr } of results) if (code !== 0) throw new Error(`others are not served: ${stderr}`);
}
