/** Kinds of values that are about addresses. */
import { ValueProblem, type Kind } from './kinds.js';

/** Where to listen. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const advice = 'Give an address and a port, such as 127.0.0.1:9180 or [::1]:9180.';

function fromText(given: string): Address {
  const [, bracketed, plain, digits = ''] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(given) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535) throw new ValueProblem(advice);
  return { host, port };
}

/** An address with a port; never all addresses unasked. */
export const address: Kind<Address> = {
  form: 'address and port: `127.0.0.1:9180`',
  fromText,
  fromToml(value) {
    if (typeof value !== 'string') throw new ValueProblem(advice);
    return fromText(value);
  },
  toToml: ({ host, port }) => JSON.stringify(`${host.includes(':') ? `[${host}]` : host}:${port}`),
};
