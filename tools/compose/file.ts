import { parse } from 'yaml';
import { z } from 'zod';

/** The part of a compose file that the checks read. Other keys are the schema's business. */
const Service = z.object({
  image: z.string().optional(),
  build: z.object({ context: z.string(), target: z.string().optional() }).optional(),
  profiles: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  depends_on: z
    .record(z.string(), z.object({ condition: z.string(), required: z.boolean().default(true) }))
    .default({}),
  healthcheck: z
    .object({ disable: z.boolean().default(false), test: z.array(z.string()).default([]) })
    .optional(),
  restart: z.string().optional(),
  stop_grace_period: z.string().optional(),
  networks: z.record(z.string(), z.object({ aliases: z.array(z.string()).default([]) })).default({}),
});
const File = z.object({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()),
});

/** A service of a compose file. */
export type ComposeService = z.infer<typeof Service>;

/** A compose file, with its anchors resolved. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: readonly string[];
  /** `${NAME}` and `${NAME:-default}`, wherever they are. */
  readonly variables: readonly { readonly name: string; readonly preset: string | undefined }[];
}

/** @throws ZodError if it has another shape */
export function readCompose(text: string): ComposeFile {
  const { services, volumes } = File.parse(parse(text, { merge: true }));
  const variables = [...text.matchAll(/\$\{(\w+)(?::-([^}]*))?\}/g)].map(([, name = '', preset]) => ({
    name,
    preset,
  }));
  return { services, volumes: Object.keys(volumes), variables };
}
