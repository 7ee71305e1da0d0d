/** A text in single quotes for a POSIX shell. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A word for a POSIX shell, quoted if it needs to be. */
export function shellWord(word: string): string {
  return /^[\w./:@+-]+$/.test(word) ? word : singleQuoted(word);
}
