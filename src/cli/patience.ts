/** Waits for an outbox's answer, and rejects when none has come for so long. */
export async function withPatience<Answer>(answer: Promise<Answer>, patienceMs: number): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const outOfPatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${patienceMs / 1000} s`)), patienceMs);
  });
  return Promise.race([answer, outOfPatience]).finally(() => clearTimeout(timer));
}
