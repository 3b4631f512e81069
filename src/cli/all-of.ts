/** Several things that may fail, of which every failure is told and not the first alone. */

/**
 * Does all at once, and resolves with what each gives. When one fails it rejects with that error, when several do with an
 * `AggregateError` of them all.
 */
export async function allOf<const Tasks extends Readonly<Record<string, () => unknown>>>(
  tasks: Tasks,
): Promise<{ readonly [Name in keyof Tasks]: Awaited<ReturnType<Tasks[Name]>> }> {
  const done: Record<string, unknown> = {};
  const errors: unknown[] = [];
  const names = Object.keys(tasks);
  const settled = await Promise.allSettled(names.map(async (name) => tasks[name]?.()));
  for (const [index, outcome] of settled.entries()) {
    if (outcome.status === 'rejected') errors.push(...eachOf(outcome.reason));
    else done[names[index] ?? ''] = outcome.value;
  }
  if (errors.length > 1) throw new AggregateError(errors);
  if (errors.length === 1) throw errors[0];
  return done as { readonly [Name in keyof Tasks]: Awaited<ReturnType<Tasks[Name]>> };
}

/** The errors of which one consists. */
export function eachOf(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? (error.errors as readonly unknown[]).flatMap(eachOf) : [error];
}
