import type { Place, PlaceOptions } from './place.js';

/** Something that goes wrong. What has to hold behind it is the same for all: `aftermath.ts`. */
export interface Fault {
  /** As it stands in the table. */
  readonly name: string;
  /** What the server is started with. */
  readonly setting?: PlaceOptions;
  /** Why this machine cannot have it, if so. */
  readonly cannot?: () => string | undefined;
  /** Makes it happen, and undoes what an operator would undo. Throws when the server does not stand it. */
  cause(place: Place): Promise<void>;
}
