/**
 * `npm run screenshot`: takes the README's screenshots of the Temporal Web UI. A local stack must
 * run (`npm start` in another terminal), for at least half a minute, so that there is something to
 * see.
 *
 * The only argument is the Web UI's URL, if it is not the usual one. `npm start` prints it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Locator, type Page } from 'playwright-core';

const IMAGES = join(import.meta.dirname, '..', '..', 'docs', 'images');

/** Wide enough for the page's tabs in one line. */
const VIEWPORT = { width: 1440, height: 1000 } as const;

/** A small machine with a busy stack takes long to load the page's scripts. */
const PAGE_TIMEOUT_MS = 60_000;

interface Picture {
  readonly file: string;
  /** The last part of the address of a tab of the workflow's page. */
  readonly tab: string;
  /** An element that exists when the tab is complete. */
  readonly complete: (page: Page) => Locator;
}

const PICTURES: readonly Picture[] = [
  {
    file: 'temporal-web-ui.png',
    tab: 'timeline',
    complete: (page) => page.getByText(/documents in files_queue/),
  },
  {
    file: 'temporal-web-ui-details.png',
    tab: 'user-metadata',
    // The page shows a workflow's Markdown in a separate frame, so that it cannot run scripts.
    complete: (page) =>
      page
        .locator('iframe')
        .last()
        .contentFrame()
        .getByText(/lanes busy/),
  },
];

async function take(page: Page, webUi: string, { file, tab, complete }: Picture): Promise<void> {
  // The address without a run leads to the current run, at its first tab.
  await page.goto(`${webUi}/namespaces/default/workflows/massive:codes`);
  await page.locator(`a[href*="/${tab}"]`).first().click();
  await complete(page).first().waitFor();
  await page.evaluate('document.fonts.ready');
  const path = join(IMAGES, file);
  await page.screenshot({ path, animations: 'disabled' });
  process.stdout.write(`${path}\n`);
}

const webUi = process.argv[2] ?? 'http://127.0.0.1:8233';
await mkdir(IMAGES, { recursive: true });
const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args,
});
try {
  const page = await browser.newPage({ viewport: VIEWPORT });
  page.setDefaultTimeout(PAGE_TIMEOUT_MS);
  for (const picture of PICTURES) await take(page, webUi, picture);
} finally {
  await browser.close();
}
