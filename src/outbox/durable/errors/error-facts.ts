/** One layer of an error: what a library, a socket or the server said. */
export interface ErrorFact {
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
}

/** Fields in which libraries keep the underlying error. */
const BELOW = [
  'cause',
  'driverError', // TypeORM
  'original', // Sequelize
  'sourceError', // Neon
  'lastNodeError', // an ioredis cluster
  'meta', // Prisma: the code of the database, or the error of its adapter
  'driverAdapterError', // Prisma, in `meta`
  'errors', // AggregateError
] as const;

const MAX_FACTS = 20;

/** An error and the errors inside it, innermost first: the server or socket, then the libraries around it. */
export function readErrorFacts(error: unknown): readonly ErrorFact[] {
  const facts: ErrorFact[] = [];
  const seen = new Set<unknown>();
  const read = (layer: unknown): void => {
    if (seen.has(layer) || seen.size >= MAX_FACTS) return;
    seen.add(layer);
    if (typeof layer !== 'object' || layer === null) return void facts.unshift(factOf({ message: layer }));
    if (Array.isArray(layer)) {
      for (const one of layer) read(one);
      return;
    }
    facts.unshift(factOf(layer));
    for (const field of BELOW) {
      const below: unknown = (layer as Record<string, unknown>)[field];
      if (below !== undefined && below !== null) read(below);
    }
  };
  read(error);
  return facts;
}

function factOf(layer: object): ErrorFact {
  const { name, kind, code, originalCode, message } = layer as Readonly<Record<string, unknown>>;
  const found = originalCode ?? code;
  return {
    // Prisma's adapters name a failure in `kind`.
    name: String(kind ?? name ?? ''),
    code: typeof found === 'string' ? found : undefined,
    message: String(message ?? ''),
  };
}
