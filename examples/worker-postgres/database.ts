/** The shop's own tables. */
export const SCHEMA = `
  CREATE TABLE orders (
    id uuid PRIMARY KEY,
    amount integer NOT NULL,
    currency text NOT NULL
  );
  CREATE TABLE stock (remaining integer NOT NULL CHECK (remaining >= 0));
  INSERT INTO stock VALUES (1000);
`;

/** What PostgreSQL says when a check refuses a row. */
export const CHECK_VIOLATION = '23514';
