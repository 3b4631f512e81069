/** The bound on failed logins of the server that the command starts. */
import { throttled, type Authenticate, type ThrottleOptions } from '../access/index.js';
import type { RequestContext } from '../context.js';
import { sharedAddresses } from './addresses.js';
import type { Configuration } from './configuration/configuration.js';
import type { SettingName } from './configuration/settings.js';

const numbers = {
  windowMs: 'access.throttle.window',
  maxFailuresPerAddress: 'access.throttle.max-failures-per-address',
  maxFailuresPerUser: 'access.throttle.max-failures-per-user',
  delayMs: 'access.throttle.delay',
  maxDelayMs: 'access.throttle.max-delay',
} as const satisfies Partial<Record<keyof ThrottleOptions, SettingName>>;

function optionsOf({ values }: Configuration): ThrottleOptions {
  const { 'access.trusted-proxies': trusted = [], 'access.throttle.shared-addresses': shared = [] } = values;
  return {
    ...Object.fromEntries(Object.entries(numbers).map(([option, name]) => [option, values[name]])),
    sharedAddresses: [...sharedAddresses(trusted), ...shared],
  };
}

/** Counts failures for as long as its settings stay what they are, whatever else is read again. */
export class ServedThrottle {
  readonly #key: string;
  readonly #throttled: Authenticate;
  /** Who is asked about a request is decided when it comes. */
  readonly #askedFor = new WeakMap<RequestContext, Authenticate>();

  private constructor(options: ThrottleOptions) {
    this.#key = JSON.stringify(options);
    this.#throttled = throttled(async (context) => this.#askedFor.get(context)?.(context), options);
  }

  /** As the settings say; `earlier` where that is the same. Throws a `ConfigurationError`. */
  static for(configuration: Configuration, earlier: ServedThrottle | undefined): ServedThrottle {
    const { values } = configuration;
    // One by one, so that a mistake is told of the right setting.
    for (const name of ['access.trusted-proxies', 'access.throttle.shared-addresses'] as const) {
      const { [name]: given } = values;
      if (given) configuration.blaming(name, () => throttled(() => undefined, { sharedAddresses: given }));
    }
    const options = optionsOf(configuration);
    if (earlier && earlier.#key === JSON.stringify(options)) return earlier;
    return configuration.blaming(numbers, () => new ServedThrottle(options));
  }

  around(authenticate: Authenticate): Authenticate {
    return (context) => {
      this.#askedFor.set(context, authenticate);
      return this.#throttled(context);
    };
  }
}
