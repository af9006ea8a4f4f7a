/** The edge: what every request passes, the routes, and the one place where errors become answers. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ApiError } from './access/api-error.ts';
import { authenticate } from './access/authenticate.ts';
import { limitBody } from './access/body-limit.ts';
import { prepare } from './access/prepare.ts';
import { operatorConsole } from './console/routes.ts';
import { demo } from './demo/routes.ts';
import type { Env } from './env.ts';
import { adapters } from './routes/adapters.ts';
import { adapterUploads } from './routes/adapters-upload.ts';
import { allowedMethods } from './routes/allowed-methods.ts';
import { batches } from './routes/batches.ts';
import { batchEnds } from './routes/batches-end.ts';
import { chat } from './routes/chat.ts';
import { comparisons } from './routes/comparisons.ts';
import { credit } from './routes/credit.ts';
import { docs } from './routes/docs.ts';
import { domains } from './routes/domains.ts';
import { embeddings } from './routes/embeddings.ts';
import { encoders } from './routes/encoders.ts';
import { events } from './routes/events.ts';
import { health } from './routes/health.ts';
import { images, shownImages } from './routes/images.ts';
import { imagesGenerate } from './routes/images-generate.ts';
import { keys } from './routes/keys.ts';
import { models } from './routes/models.ts';
import { preferences } from './routes/preferences.ts';
import { preferencesBulk } from './routes/preferences-bulk.ts';
import { projects } from './routes/projects.ts';
import { promotions } from './routes/promotions.ts';
import { raters } from './routes/raters.ts';
import { samples } from './routes/samples.ts';
import { signingKeys } from './routes/signing-keys.ts';
import { stats } from './routes/stats.ts';
import { userRoute } from './routes/user-route.ts';
import { userTokens } from './routes/user-tokens.ts';
import { widget } from './widget/routes.ts';

// Largest JSON body. Uploads of adapter files have their own, larger limit in their route.
const MAX_BODY_BYTES = 16_000_000;

const app = new OpenAPIHono<Env>();

/** Bytes under their hash; what else is put is JSON. */
const isUpload = (c: Context<Env>) => c.req.method === 'PUT' && !c.req.path.startsWith('/v1/domains/');

app.use(prepare);
const limit = limitBody(MAX_BODY_BYTES);
app.use((c, next) => (isUpload(c) ? next() : limit(c, next)));

app.route('/', health);
app.route('/', docs(app));
app.route('/', demo);
app.route('/', operatorConsole);
app.route('/', widget);

app.route('/', shownImages);
app.use('/v1/*', authenticate);
for (const routes of [projects, keys, signingKeys, userTokens, domains]) app.route('/', routes);
for (const routes of [comparisons, preferences, preferencesBulk, batches, batchEnds]) app.route('/', routes);
for (const routes of [encoders, embeddings, userRoute, images, imagesGenerate]) app.route('/', routes);
for (const routes of [adapters, adapterUploads, promotions, stats, events, raters, samples]) app.route('/', routes);
for (const routes of [chat, credit, models]) app.route('/', routes);

app.onError((error, c) => answer(c, asApiError(error, c)));
app.notFound((c) => {
  const methods = allowedMethods(app, c.req.path);
  if (methods.length === 0) return answer(c, new ApiError('not_found', `There is nothing at ${c.req.path}.`));
  c.header('allow', methods.join(', '));
  return answer(
    c,
    new ApiError('method_not_allowed', `${c.req.path} takes ${methods.join(', ')}, not ${c.req.method}.`),
  );
});

function answer(c: Context<Env>, error: ApiError): Response {
  const { code, message, issues, status } = error;
  return c.json({ code, message, requestId: c.var.requestId, ...(issues && { issues }) }, status);
}

function asApiError(error: Error, c: Context<Env>): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException && error.status === 400) {
    return new ApiError('invalid_json', 'The body is not valid JSON.');
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new ApiError('invalid_request', 'Send the body as JSON, with the header content-type: application/json.');
  }
  console.error(`${c.var.requestId} ${c.req.method} ${c.req.path}`, error);
  return new ApiError('internal', 'Something went wrong here; the request id helps us to find it.');
}

export default app;
