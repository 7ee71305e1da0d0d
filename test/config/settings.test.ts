import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { DEFAULT_COLLECTIONS } from '../../src/config/collections.ts';
import { cron } from '../../src/config/cron.ts';
import { settingDocs } from '../../src/config/print/docs.ts';
import { envExample } from '../../src/config/print/example.ts';
import { loadConfig } from '../../src/config/load.ts';
import { nearest } from '../../src/config/nearest.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { withFolder } from './folder.ts';

const ROOT = join(__dirname, '..', '..');

describe('.env.example', () => {
  it('matches the schema; after a change: `legisync config --env-example > .env.example`', () => {
    expect(readFileSync(join(ROOT, '.env.example'), 'utf8')).toBe(envExample());
  });

  it('loads without changes, with every setting at its default', () => {
    const text = envExample();
    const uncommented = text.replaceAll(/^#([A-Z]\w*=)/gm, '$1');
    const load = (env: string) => withFolder({ '.env': env }, (cwd) => loadConfig({ env: {}, cwd }));
    const [asItIs, allSet] = [load(text), load(uncommented)];
    const withoutTemporal = ({ config: { temporal: _, ...rest } }: typeof asItIs) => rest;
    expect(withoutTemporal(asItIs)).toEqual(withoutTemporal(load('')));
    expect(withoutTemporal(allSet)).toEqual(withoutTemporal(load('')));
    expect(allSet.warnings).toEqual([]);
  });

  it('documents every setting', () => {
    for (const [name, rule] of Object.entries(settingsSchema.shape)) {
      expect([name, settingDocs.get(rule)?.about ?? '']).toEqual([name, expect.stringMatching(/.{10}/)]);
    }
  });
});

describe('the default collections', () => {
  it('name codes that are in force', () => {
    const index = JSON.parse(
      readFileSync(join(ROOT, 'node_modules/@socialgouv/legi-data/data/index.json'), 'utf8'),
    ) as { id: string; etat: string }[];
    const inForce = new Set(index.filter(({ etat }) => etat === 'VIGUEUR').map(({ id }) => id));
    const codes = DEFAULT_COLLECTIONS.flatMap(({ sources }) =>
      sources.flatMap((source) => (source.kind === 'codes' ? (source.codes ?? []) : [])),
    );
    expect(codes).toHaveLength(4);
    for (const code of codes) expect(inForce).toContain(code);
  });
});

describe('a cron line', () => {
  it.each(['0 */2 * * *', '*/15 8-18 * * 1-5', '0,30 0 1 1 0', '5 4 * * 6', '0-59/7 * * * *'])(
    'may be %s',
    (line) => {
      expect(cron().safeParse(line).success).toBe(true);
    },
  );

  it.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '0 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 7',
    '*/0 * * * *',
    '9-5 * * * *',
    '@hourly',
    '0 0 * * MON',
    'TZ=UTC 0 0 * * *',
  ])('may not be %j', (line) => {
    expect(cron().safeParse(line).success).toBe(false);
  });
});

describe('nearest', () => {
  const names = Object.keys(settingsSchema.shape);

  it('finds a name after the loss of any one letter', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), (name, at) => {
        const index = at % name.length;
        expect(nearest(name.slice(0, index) + name.slice(index + 1), names)).toBe(name);
      }),
    );
  });

  it('finds nothing that differs in more than a third of its letters', () => {
    expect(nearest('LEGISYNC_XYZ', names)).toBeUndefined();
  });
});
