/** An authority of our own, and what it signs. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files in the PEM form. */
export interface SignedCertificate {
  readonly keyFile: string;
  readonly certFile: string;
}

export interface Authority {
  /** The authority's certificate, for those who are to trust it. */
  readonly certFile: string;
  readonly cert: Buffer;
  /** Signs a certificate for a subject such as `/CN=ann`, with extensions such as `subjectAltName=IP:127.0.0.1`; below 0 days it is past. */
  sign(name: string, subject: string, extension?: string, days?: number): SignedCertificate;
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Whether there is openssl; said aloud where it is missing, and an error where nothing may be skipped. */
export function hasOpenssl(): boolean {
  try {
    openssl('version');
    return true;
  } catch (error) {
    if (process.env['CI'] === 'true') throw new Error('openssl is missing: install it', { cause: error });
    process.stderr.write('skipped: the tests of client certificates need openssl\n');
    return false;
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeAuthority(folder: string, name: string): Authority {
  const [authorityKey, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    '-keyout',
    authorityKey,
    '-out',
    certFile,
  );
  return {
    certFile,
    cert: readFileSync(certFile),
    sign(name, subject, extension = 'basicConstraints=CA:FALSE', days = 2) {
      const at = (end: string): string => join(folder, `${name}.${end}`);
      openssl('req', ...newKey, '-subj', subject, '-keyout', at('key'), '-out', at('csr'));
      writeFileSync(at('ext'), `${extension}\n`);
      const issuer = ['-CA', certFile, '-CAkey', authorityKey, '-CAcreateserial', '-days', String(days)];
      openssl('x509', '-req', '-in', at('csr'), ...issuer, '-extfile', at('ext'), '-out', at('pem'));
      return { keyFile: at('key'), certFile: at('pem') };
    },
  };
}
