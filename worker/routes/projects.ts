/** /v1/projects and /v1/project. */
import { createRoute } from '@hono/zod-openapi';
import { Project, ProjectCreated, ProjectInput, ProjectPatch } from '../../shared/contracts/project.ts';
import { ApiError, found } from '../access/api-error.ts';
import { forgetIdentities } from '../access/authenticate.ts';
import { requireRoot, requireSecret } from '../access/caller.ts';
import { makeKey, randomSecret } from '../access/keys.ts';
import { asProject, createProject, patchProject } from '../store/projects.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const projects = router();

projects.openapi(
  createRoute({
    method: 'post',
    path: '/v1/projects',
    summary: 'Create a project; its first admin key is shown here and never again (root key)',
    request: { body: jsonBody(ProjectInput) },
    responses: { 201: json(ProjectCreated, 'The project and its admin key'), ...failures },
  }),
  async (c) => {
    requireRoot(c);
    const input = c.req.valid('json');
    const now = c.var.now();
    const key = makeKey(input.id, { kind: 'secret', name: 'first', scopes: ['admin'] }, now);
    const row = await createProject(c.var.db, input, randomSecret(), key.row, now);
    if (!row) throw new ApiError('already_exists', `There is a project ${input.id} already.`);
    return c.json({ project: asProject(row), adminKey: key.text }, 201);
  },
);

projects.openapi(
  createRoute({
    method: 'get',
    path: '/v1/project',
    summary: 'The project of the key (admin)',
    responses: { 200: json(Project, 'The project'), ...failures },
  }),
  (c) => {
    requireSecret(c, 'admin');
    return c.json(asProject(c.var.project), 200);
  },
);

projects.openapi(
  createRoute({
    method: 'patch',
    path: '/v1/project',
    summary: 'Change name, origins or whether votes need an assignment (admin)',
    request: { body: jsonBody(ProjectPatch) },
    responses: { 200: json(Project, 'The changed project'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const row = found(await patchProject(c.var.db, c.var.project.id, c.req.valid('json')), 'project');
    forgetIdentities(c);
    return c.json(asProject(row), 200);
  },
);
