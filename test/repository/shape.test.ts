import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');
const filesOf = (folder: string) => globSync(`${folder}/**/*.ts`, { cwd: ROOT });

/** Files of a folder that have more lines than `most`. */
function longFiles(folder: string, most: number): string[] {
  return filesOf(folder).flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1;
    return lines > most ? [`${file}: ${lines}`] : [];
  });
}

describe('the code', () => {
  it('has files that can be read in one sitting: 270 lines in src, 400 in test', () => {
    expect([...longFiles('src', 270), ...longFiles('test', 400)]).toEqual([]);
  });

  it('has at most 14 files directly in a folder of src', () => {
    const counts = Map.groupBy(filesOf('src'), dirname);
    const crowded = [...counts].filter(([, files]) => files.length > 14).map(([folder]) => folder);
    expect(counts.size).toBeGreaterThan(20);
    expect(crowded).toEqual([]);
  });
});
