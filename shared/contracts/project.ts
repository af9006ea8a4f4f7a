/** A project: the tenant. Everything else belongs to exactly one. */
import { z } from 'zod';
import { Slug, Timestamp } from './ids.ts';
import { NonEmptyText } from './text.ts';

export const Origin = z
  .string()
  .regex(/^https?:\/\/[^/\s]+$/, 'must be an origin such as https://app.example.com')
  .meta({ description: 'Scheme, host and port of a page that may call the edge from a browser.' });

export const ProjectInput = z
  .strictObject({
    id: Slug,
    name: NonEmptyText.max(200).optional(),
    allowedOrigins: z.array(Origin).max(50).default([]),
    requireAssignment: z.boolean().default(true).meta({
      description: 'Refuse a vote by a user token or a public key that carries no valid assignment token.',
    }),
  })
  .meta({ id: 'ProjectInput' });
export type ProjectInput = z.infer<typeof ProjectInput>;

export const Project = ProjectInput.extend({ name: z.string(), createdAt: Timestamp }).meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

export const ProjectPatch = z
  .strictObject({
    name: NonEmptyText.max(200).optional(),
    allowedOrigins: z.array(Origin).max(50).optional(),
    requireAssignment: z.boolean().optional(),
  })
  .meta({ id: 'ProjectPatch' });
export type ProjectPatch = z.infer<typeof ProjectPatch>;

/** The answer to the creation of a project: the only time its first admin key is shown. */
export const ProjectCreated = z.strictObject({ project: Project, adminKey: z.string() }).meta({ id: 'ProjectCreated' });
export type ProjectCreated = z.infer<typeof ProjectCreated>;
