import { COMPOSE_SETTINGS } from '../compose.ts';
import { SECTIONS, settingDocs, type SettingDoc } from './docs.ts';
import { settingsSchema } from '../schema.ts';
import { TEMPORAL_SETTINGS } from '../temporal.ts';

const WIDTH = 110;

/**
 * The text of `.env.example`, generated from the schema: `legisync config --env-example >
 * .env.example`.
 */
export function envExample(): string {
  const documented = Object.entries(settingsSchema.shape).flatMap(([name, rule]) => {
    const doc = settingDocs.get(rule);
    return doc === undefined ? [] : [{ name, doc }];
  });
  const sections = SECTIONS.map((section) =>
    [heading(section), ...documented.filter(({ doc }) => doc.section === section).map(setting)].join('\n\n'),
  );
  return `${[introduction(), ...sections, temporal(), compose()].join('\n\n')}\n`;
}

function introduction(): string {
  return comment(
    'Settings of legisync. Copy this file to .env and fill in the lines that are not commented out. ' +
      'Precedence: the process environment, a running local stack (.local/stack.json), .env, the defaults. ' +
      'An empty value counts as not set. `legisync config` shows every value and its source. ' +
      '`legisync config --env-example` generates this file.',
  );
}

function setting({ name, doc }: { readonly name: string; readonly doc: SettingDoc }): string {
  const facts = [
    doc.default === undefined ? undefined : `Default: ${doc.default}.`,
    doc.unit === undefined ? undefined : `Unit: ${doc.unit}.`,
    doc.bounds === undefined ? undefined : `Bounds: ${doc.bounds}.`,
    doc.neededFor === undefined ? undefined : `Needed for ${doc.neededFor}.`,
  ].filter((fact) => fact !== undefined);
  return [
    comment(doc.about),
    ...(facts.length > 0 ? [comment(facts.join(' '))] : []),
    ...(doc.change === undefined ? [] : [comment(`When changed: ${doc.change}.`)]),
    doc.neededFor === undefined ? `#${name}=${doc.default ?? ''}` : `${name}=`,
  ].join('\n');
}

function temporal(): string {
  return [
    heading('Temporal'),
    comment(
      'Read by @temporalio/envconfig, from here or from the configuration file of the temporal command ' +
        '(profiles in temporal.toml). All of them are optional.',
    ),
    ...TEMPORAL_SETTINGS.map(({ name, about, example }) => `${comment(about)}\n#${name}=${example}`),
  ].join('\n\n');
}

function compose(): string {
  return [
    heading('Docker Compose'),
    comment('Read by docker compose from this file, for docker-compose.yml. The programs do not read it.'),
    ...COMPOSE_SETTINGS.map(({ name, about, example }) => `${comment(about)}\n${name}=${example}`),
  ].join('\n\n');
}

function heading(text: string): string {
  return `# ---- ${text} ${'-'.repeat(WIDTH - text.length - 8)}`;
}

/** Comment lines of at most {@link WIDTH} characters. */
function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
