/** Identifiers of the wire. A noun's id has one form everywhere: URL, table, type, file. */
import { z } from 'zod';

/** A name that people type: projects, domains. */
export const Slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, 63 characters at most')
  .meta({ id: 'Slug', description: 'Lower-case letters, digits and hyphens.', example: 'support-tone' });

/**
 * An id made by whoever sends the thing first: a UUIDv7 from a client (sorts by time, so inserts stay cheap), or
 * `h` + 40 hex digits of the hash of an imported row (a second import of the row is then a replay).
 */
export const RecordId = z
  .string()
  .regex(
    /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|h[0-9a-f]{40})$/,
    'must be a UUID (version 7 preferred) or "h" followed by 40 hex digits',
  )
  .meta({ id: 'RecordId', description: 'UUIDv7 made by the sender, or h + 40 hex digits for imported rows.' });

export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
  .meta({ id: 'Sha256', description: 'SHA-256 in lower-case hex.' });

/** The pseudonym of a person inside a project. Never a name or an address. */
export const UserId = z
  .string()
  .regex(/^[A-Za-z0-9_.:@-]{1,128}$/, 'must be 1 to 128 letters, digits or _ . : @ -')
  .meta({ id: 'UserId', description: 'Pseudonymous id of a person inside the project.' });

/** Unix time in milliseconds on the server's clock. */
export const Timestamp = z
  .number()
  .int()
  .nonnegative()
  .meta({ id: 'Timestamp', description: 'Unix time, milliseconds, server clock.' });
