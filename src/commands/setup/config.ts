import { envExample } from '../../config/print/example.ts';
import { configure, type Io, type Outcome } from '../../cli/run.ts';

/** `legisync config`: every setting, its value and its source. Secrets are not shown. */
export function showConfig(io: Io, options: { readonly envExample?: boolean | undefined }): Outcome {
  if (options.envExample === true) {
    const text = envExample().trimEnd();
    return { data: { envExample: text }, lines: [text] };
  }
  const { settings, config, warnings } = configure(io);
  const width = Math.max(...settings.map(({ name }) => name.length));
  return {
    data: { settings, collections: config.collections, warnings },
    lines: settings.map(({ name, value, source }) => `${name.padEnd(width)}  ${value ?? '-'}  (${source})`),
  };
}
