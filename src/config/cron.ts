import { z } from 'zod';

/** Bounds of the five fields of a cron line: minute, hour, day of month, month, day of week. */
const FIELDS: readonly { readonly name: string; readonly min: number; readonly max: number }[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 0, max: 6 },
];

/**
 * A cron line of five fields. Each field is a list, separated by commas, of stars, numbers, ranges
 * and steps.
 *
 * Temporal accepts more: names of days, six or seven fields, `@every`, `CRON_TZ=`. These are
 * refused on purpose: the time zone is a separate setting, and schedules can be compared with those
 * of the server only if each text has one meaning.
 */
export const cron = () => z.string().superRefine(checkCron);

/** A cron line, or `none` for never. */
export const cronOrNone = () =>
  z.string().superRefine((text, context) => {
    if (text.trim() !== 'none') checkCron(text, context);
  });

function checkCron(text: string, context: z.RefinementCtx): void {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    context.addIssue({
      code: 'custom',
      message: 'must have five fields: minute, hour, day of month, month, day of week',
    });
    return;
  }
  for (const [index, { name, min, max }] of FIELDS.entries()) {
    const isValid = (fields[index] ?? '').split(',').every((part) => isPart(part, min, max));
    if (!isValid) {
      context.addIssue({
        code: 'custom',
        message: `must have numbers from ${min} to ${max} (or *) in the field ${name}`,
      });
    }
  }
}

function isPart(part: string, min: number, max: number): boolean {
  const match = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part);
  if (match === null) return false;
  const [, first, last, step] = match;
  const from = first === undefined ? min : Number(first);
  const to = last === undefined ? from : Number(last);
  return from >= min && to <= max && from <= to && (step === undefined || Number(step) >= 1);
}
