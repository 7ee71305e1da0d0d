import fc from 'fast-check';
import { createScrub } from '../../src/observability/scrub.ts';

const CANARY = 'C4nary-T0ken_4711.abcdefgh';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJl';

describe('a scrubber without known secrets', () => {
  const scrub = createScrub();

  it.each([
    `Authorization: Bearer ${CANARY}`,
    `{"authorization":"Bearer ${CANARY}"}`,
    `Authorization: Basic ${Buffer.from(`id:${CANARY}`).toString('base64')}`,
    `apikey: ${CANARY}`,
    `{"apikey":"${CANARY}"}`,
    JSON.stringify({ body: JSON.stringify({ access_token: CANARY }) }),
    `grant_type=client_credentials&client_secret=${CANARY}&scope=openid`,
    `the key sb_secret_${CANARY} was refused`,
    `https://abc.supabase.co/storage/v1/object/sign/x?token=${CANARY}`,
    `connect postgresql://postgres.abc:${CANARY}@db.abc.supabase.co:5432/postgres failed`,
    `postgres://u:${CANARY}@p@host/db`,
    `password=${CANARY}`,
    `SUPABASE_SERVICE_ROLE_KEY=${CANARY}`,
    `PISTE_CLIENT_SECRET: ${CANARY}`,
  ])('removes the secret from %s', (text) => {
    const clean = scrub(text);
    expect(clean).not.toContain(CANARY);
    expect(clean).not.toContain(CANARY.slice(3, 12));
    expect(clean).not.toContain(Buffer.from(`id:${CANARY}`).toString('base64'));
    expect(clean).toContain('[secret]');
  });

  it('removes a JWT, also one that was cut', () => {
    for (let length = 10; length <= JWT.length; length++) {
      expect(scrub(`token ${JWT.slice(0, length)}`)).toBe('token [secret]');
    }
  });

  it.each([
    'Consult of LEGIARTI000006900785 failed: HTTP 503 from https://api.piste.gouv.fr/dila/legifrance/lf-engine-app',
    'postgres://db.abc.supabase.co:5432/postgres',
    'http://127.0.0.1:54321/rest/v1/rpc/enqueue_documents',
    'Bearer of bad news',
    'legifrance/codes/LEGIARTI000006900785.json, sha256 v1:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  ])('leaves a text without a secret alone: %s', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('changes nothing when it runs again', () => {
    const part = fc.constantFrom(
      'Bearer ',
      'Basic ',
      'apikey: ',
      'password=',
      '"',
      '\\"',
      '://u:',
      '@h',
      ' ',
      JWT,
      CANARY,
      '?token=',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 12 }), (parts) => {
        const once = scrub(parts.join(''));
        expect(scrub(once)).toBe(once);
      }),
    );
  });

  it('keeps a line of JSON a line of JSON', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(`Bearer ${CANARY}`, `"password":"${CANARY}"`, `\\"apikey\\":\\"${CANARY}`),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('password', 'apikey', 'msg', 'authorization'), text),
        (fields) => {
          expect(() => JSON.parse(scrub(JSON.stringify(fields))) as unknown).not.toThrow();
        },
      ),
    );
  });

  it('takes linear time, whatever the text', () => {
    const hard = [
      '://',
      'a'.repeat(50_000),
      '://a:'.repeat(20_000),
      'eyJaaaaaa.'.repeat(20_000),
      'password'.repeat(20_000),
    ];
    const startedAt = performance.now();
    for (const text of hard) scrub(text);
    const known = createScrub(['"\\\\"/"\\"', '////////', 'aaaaaaaa/b']);
    for (const text of [...hard, '\\'.repeat(50_000), '/'.repeat(50_000), '%2525'.repeat(20_000)])
      known(text);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

describe('a scrubber with known secrets', () => {
  it('removes them in every encoding', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 8, maxLength: 60 }),
        fc.string(),
        fc.string(),
        (secret, before, after) => {
          fc.pre(!'[secret]'.includes(secret) && !`${before}${after}`.includes(secret));
          const scrub = createScrub([secret]);
          const written = [
            secret,
            encodeURIComponent(secret),
            Buffer.from(secret).toString('base64'),
            JSON.stringify(secret).slice(1, -1),
          ];
          for (const form of written) expect(scrub(`<${form}>`)).not.toContain(form);
        },
      ),
    );
  });

  const ODD = 'ca"n\\ary+/é%&=~$4711…𝄞';
  const json = (text: string): string => JSON.stringify(text).slice(1, -1);
  const encoded = encodeURIComponent(ODD);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  it.each<[string, string]>([
    ['JSON in JSON', json(json(ODD))],
    ['JSON in JSON in JSON', json(json(json(ODD)))],
    ['JSON that escapes slashes', json(ODD).replaceAll('/', String.raw`\/`)],
    [
      'JSON of ASCII',
      json(ODD).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    ],
    ['a URL with lower-case digits', encoded.replaceAll(/%../g, (digits) => digits.toLowerCase())],
    ['a URL that encodes less', encoded.replaceAll('%2B', '+').replaceAll('%2F', '/')],
    ['a form', new URLSearchParams([['', ODD]]).toString().slice(1)],
    ['a URL in a URL', encodeURIComponent(encoded)],
    ['base64 with the user before it', base64(`u:${ODD}`)],
    ['base64 with two characters before it', base64(`id${ODD} and more`)],
    ['base64 with one character before it', base64(`:${ODD}:`)],
    ['base64 of base64url', Buffer.from(`<${ODD}>`).toString('base64url')],
    ['base64 of JSON', base64(JSON.stringify({ key: ODD }))],
    ['base64 of a URL', base64(`https://host/?key=${encoded}&x`)],
  ])('removes one in %s', (_form, written) => {
    const clean = createScrub([ODD])(`before ${written} after`);
    expect(clean).toContain('[secret]');
    expect(clean).not.toContain('4711');
    // Base64 text keeps what was encoded before and after the secret, and nothing of the secret.
    for (const part of clean.split(/ |\[secret\]/)) {
      expect(Buffer.from(part, 'base64').toString('latin1')).not.toMatch(/ca"?n|4711/);
    }
  });

  it('keeps a line of JSON a line of JSON, whatever is around a secret', () => {
    const part = fc.constantFrom('\\', '"', '\n', 'é', '/', 'x', ODD, json(ODD), '…');
    const scrub = createScrub([ODD, 'backslash\\']);
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.constant('backslash\\')), { maxLength: 12 }), (parts) => {
        const clean = scrub(JSON.stringify({ msg: parts.join('') }));
        expect(() => JSON.parse(clean) as unknown).not.toThrow();
        expect(clean).not.toContain('4711');
      }),
    );
  });

  it('removes the beginning of one before the mark of a cut, anywhere in the line, and nothing else', () => {
    const scrub = createScrub([CANARY]);
    for (let length = 4; length < CANARY.length; length += 1) {
      const cut = `{"msg":"refused: ${CANARY.slice(0, length)}…","more":"and so on…"}`;
      expect(scrub(cut)).toBe('{"msg":"refused: [secret]…","more":"and so on…"}');
      expect(scrub(scrub(cut))).toBe(scrub(cut));
    }
    expect(scrub('refused: C4n… C4nary')).toBe('refused: C4n… C4nary');
  });

  it('removes the longer of two with the same beginning', () => {
    expect(createScrub(['abcdefgh', 'abcdefgh-ijkl'])('<abcdefgh-ijkl>')).toBe('<[secret]>');
  });

  it('does not remove secrets so short that they occur by chance', () => {
    expect(createScrub(['', 'no'])('nothing')).toBe('nothing');
  });
});
