// git's requests without git: what costs a client nothing, so that a soak can send very many.
import { createHash } from 'node:crypto';
import { request } from 'node:http';

/** Bytes of the protocol, framed (gitprotocol-common). */
export const packet = (text) => (text.length + 4).toString(16).padStart(4, '0') + text;

const zero = '0'.repeat(40);

/** A pack without objects: for refs to what the server has (gitformat-pack). */
const packHead = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
const emptyPack = Buffer.concat([packHead, createHash('sha1').update(packHead).digest()]);

/** The body of a fetch in version 2; `more` are lines such as `deepen 1`. */
export function fetchBody(oid, more = []) {
  const lines = ['ofs-delta', ...more, `want ${oid}`, 'done'].map((line) => packet(`${line}\n`));
  return `${packet('command=fetch\n')}0001${lines.join('')}0000`;
}

/** The body of a clone in version 0. */
export const oldFetchBody = (oid) =>
  `${packet(`want ${oid} side-band-64k ofs-delta agent=soak\n`)}0000${packet('done\n')}`;

export function lsRefsBody(prefix) {
  return `${packet('command=ls-refs\n')}0001${packet(`ref-prefix ${prefix}\n`)}0000`;
}

/** The body of a push of one ref to an object that the server has; `zero` stands for no object. */
export function pushBody(ref, oldOid = zero, newOid = zero) {
  const command = `${packet(`${oldOid} ${newOid} ${ref}\0 report-status agent=soak`)}0000`;
  return newOid === zero ? Buffer.from(command) : Buffer.concat([Buffer.from(command), emptyPack]);
}

/** A push that says it brings an object, and then goes on with bytes that never become one. */
export function endlessPush(ref, oid) {
  const head = Buffer.from(`${packet(`${zero} ${oid} ${ref}\0 report-status agent=soak`)}0000`);
  return Buffer.concat([head, Buffer.from('PACK\0\0\0\x02\0\0\0\x01\xbf\xff\xff\x7f', 'latin1')]);
}

const mediaType = (service) => ({ 'content-type': `application/x-${service}-request` });

/** One client's HTTP: its agent, its name, and the port of the server. */
export function createRaw(port, agent) {
  const options = (method, path, headers, user) => ({
    port,
    host: '127.0.0.1',
    agent,
    method,
    path,
    headers: { ...headers, ...(user ? { authorization: `Basic ${btoa(user)}` } : {}) },
  });

  function send(method, path, { headers = {}, body, user } = {}) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const outgoing = request(options(method, path, { ...headers, ...length }, user), (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString('latin1') }),
        );
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }

  const version = (number) => (number === 2 ? { 'git-protocol': 'version=2' } : {});
  return {
    advertisement: (name, service, { protocol = 0, user } = {}) =>
      send('GET', `/${name}/info/refs?service=${service}`, { headers: version(protocol), user }),
    post: (name, service, body, { protocol = 0, user } = {}) =>
      send('POST', `/${name}/${service}`, {
        headers: { ...mediaType(service), ...version(protocol) },
        body,
        user,
      }),
    /** Reads so many bytes of an answer and hangs up; resolves with whether it came so far. */
    breakOffReading: (name, body, bytes) =>
      new Promise((resolve) => {
        const headers = { ...mediaType('git-upload-pack'), ...version(2) };
        const outgoing = request(options('POST', `/${name}/git-upload-pack`, headers), (answer) => {
          let come = 0;
          answer.on('data', (part) => {
            come += part.length;
            if (come < bytes) return;
            answer.destroy();
            resolve(true);
          });
          answer.once('error', () => resolve(come >= bytes));
          answer.once('end', () => resolve(false));
        });
        outgoing.once('error', () => resolve(false));
        outgoing.end(body);
      }),
    /** Sends `head` and so many more bytes of a push and hangs up. */
    breakOffPush: (name, user, head, bytes) =>
      new Promise((resolve) => {
        const outgoing = request(
          options('POST', `/${name}/git-receive-pack`, mediaType('git-receive-pack'), user),
        );
        outgoing.once('error', () => resolve());
        outgoing.write(head);
        outgoing.write(Buffer.alloc(bytes), () => outgoing.destroy());
        outgoing.once('close', () => resolve());
      }),
  };
}
