import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, as PEM files and as text. */
export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly certificate: string;
  readonly key: string;
}

/** An authority that signs certificates. */
export interface Authority {
  /** Its own certificate, a PEM file: clients trust it by this file. */
  readonly certificatePath: string;
  readonly certificate: string;
  /** Signs a certificate for `host`. `expired`: its validity ended in 2020. */
  readonly sign: (name: string, options?: { host?: string; expired?: boolean }) => Promise<Certificate>;
}

/** `openssl ca` is the only command of all OpenSSL versions that sets both dates of a certificate. */
const CONFIGURATION = `
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
`;

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const EXPIRED = ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'];
const VALID = ['-days', '2'];

/** Creates an authority in a new folder, with the program `openssl`. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'ca.cnf'), CONFIGURATION);
  await writeFile(join(folder, 'index.txt'), '');
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder, timeout: 30_000 });
  const ca = ['-config', 'ca.cnf'];
  await openssl(
    ...['req', '-x509', ...EC_KEY, ...ca, '-extensions', 'authority', ...VALID],
    ...['-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=${name}`],
  );
  const certificatePath = join(folder, 'ca.pem');
  return {
    certificatePath,
    certificate: await readFile(certificatePath, 'utf8'),
    async sign(file, { host = 'localhost', expired = false } = {}) {
      await openssl(
        ...['req', '-new', ...EC_KEY, ...ca, '-keyout', `${file}.key`, '-out', `${file}.csr`],
        ...['-subj', `/CN=${file}`, '-addext', `subjectAltName=DNS:${host}`],
      );
      await openssl(
        ...['ca', '-batch', '-notext', ...ca, '-cert', 'ca.pem', '-keyfile', 'ca.key'],
        ...['-in', `${file}.csr`, '-out', `${file}.pem`, ...(expired ? EXPIRED : VALID)],
      );
      const [certificatePath, keyPath] = [join(folder, `${file}.pem`), join(folder, `${file}.key`)];
      return {
        ...{ certificatePath, keyPath },
        certificate: await readFile(certificatePath, 'utf8'),
        key: await readFile(keyPath, 'utf8'),
      };
    },
  };
}
