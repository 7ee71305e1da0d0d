import { inspect } from 'node:util';

const SHOWN = '[secret]';

/**
 * A value that cannot be printed by accident: text, JSON and `util.inspect` all show `[secret]`.
 * The one way to its content is {@link Secret.reveal}, so a search for that word finds every use.
 */
export class Secret<T = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The content. Hand it to the library that needs it and keep it in no other variable. */
  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
