import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURES } from '../../src/contract/failures.ts';

const ROOT = join(__dirname, '../..');
const PAGES = readdirSync(join(ROOT, 'docs')).flatMap((file) =>
  file.endsWith('.md') ? [`docs/${file}`] : [],
);

/** CLI 3 writes to its local project unless told otherwise. CLI 2 has another option for that. */
const WORDING = '`supabase db push --remote` (`--linked` with CLI 2)';

it.each(['README.md', '.env.example', 'supabase/config.toml', ...PAGES])(
  '%s names the project as the target wherever it says `supabase db push`',
  (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8').replace(/\s+(# )?/g, ' ');
    expect(text.split(WORDING).join('')).not.toContain('supabase db push');
  },
);

it('the remedy for missing migrations does so as well', () => {
  expect(FAILURES.SCHEMA_MISSING.remedy).toContain(WORDING);
});
