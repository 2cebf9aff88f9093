// pg as it comes, its pool of ten; every statement is prepared by its name, once a connection.
import pg from 'pg';

const timestamptz = 1184;

// "2026-01-05 06:00:00.12+00" as RFC 3339 with milliseconds. No Date in between: a page has forty of them.
function timestampOf(text) {
  const fraction = text.length > 22 ? text.slice(20, -3).padEnd(3, '0').slice(0, 3) : '000';
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${fraction}Z`;
}

export const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_CONNECTIONS ?? 10),
  idleTimeoutMillis: 0, // kept while others are measured: a new connection has its plans to make
  options: '-c TimeZone=UTC',
  types: {
    getTypeParser: (oid, format) => (oid === timestamptz ? timestampOf : pg.types.getTypeParser(oid, format)),
  },
});

// prepared('product_by_id', 'select …')([tenant, id]): the rows.
export const prepared = (name, text) => async (values) => (await pool.query({ name, text, values })).rows;
