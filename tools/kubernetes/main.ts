/**
 * Validates a file of a ConfigMap and a Deployment by the schema of Kubernetes. Prints each problem, and
 * ends with 1 if there is one. Not part of the tests, which load it as CommonJS, because the package of the
 * schema is ESM only.
 *
 *   node tools/kubernetes/main.ts < deploy/kubernetes/worker.yaml
 */
import { text } from 'node:stream/consumers';
import { Deployment } from 'kubernetes-models/apps/v1';
import { ConfigMap } from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';

const KINDS: Readonly<Record<string, (content: never) => { validate(): void }>> = {
  ConfigMap: (content) => new ConfigMap(content),
  Deployment: (content) => new Deployment(content),
};

for (const document of parseAllDocuments(await text(process.stdin))) {
  const content = document.toJS() as { readonly kind?: string };
  try {
    const make = KINDS[content.kind ?? ''];
    if (make === undefined) throw new Error(`kind ${String(content.kind)} is not expected here`);
    make(content as never).validate();
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
