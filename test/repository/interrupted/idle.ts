/** A process that ends only if it is ended. */
process.stdout.write('worker started\n');
setInterval(() => undefined, 60_000);
