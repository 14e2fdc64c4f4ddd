import { html } from 'hono/html';
import { webhookBodySchema } from '../../shared/contract/webhook-body.js';
import { API_DESCRIPTION, errorsOf } from '../openapi/openapi-document.js';
import { createSchemas } from '../openapi/schemas.js';
import { describeWebhook } from '../openapi/webhook.js';
import { type Access, type Operation, type RequestBody, TAGS } from '../operations/define-operation.js';
import { type Html, renderPage, renderText } from './render-page.js';
import { renderSchema, renderSchemaName } from './render-schema.js';

const KEYS: Readonly<Record<Access, string>> = {
  open: 'Needs no key.',
  caller: 'Needs a key from `API_KEYS`, if the service has any.',
  operator: 'Needs a key from `ADMIN_API_KEYS`.',
  both: 'Needs a key from `API_KEYS`, if the service has any, or one from `ADMIN_API_KEYS`.',
};

/** Returns the API documentation: the content of the OpenAPI document for people. It runs no script. */
export function renderDocumentationPage(operations: readonly Operation[]): string {
  const groups = Object.entries(TAGS).map(([tag, text]) => {
    const ofTag = operations.filter((operation) => operation.tag === tag);
    return html`
      <h2 id="tag-${tag}">${tag}</h2>
      <p class="lead">${text}</p>
${ofTag.map(renderOperation)}${tag === 'Jobs' ? renderWebhook() : ''}`;
  });
  return renderPage({
    title: 'API documentation',
    path: 'docs',
    styles: ['assets/page.css'],
    body: html`    <main>
      <h1>API documentation</h1>
${API_DESCRIPTION.split('\n\n').map((text) => html`      <p class="lead">${renderText(text)}</p>`)}
      <p class="lead">
        Send a key as <code>Authorization: Bearer KEY</code> or <code>X-API-Key: KEY</code>. The <a href="./">demo page</a>
        sends a request and shows it as a curl command; <a href="openapi.json">openapi.json</a> is this page for programs.
      </p>
      <nav aria-label="Operations">
        <ul>${operations.map(renderLink)}</ul>
      </nav>
${groups}
      <h2 id="schemas">Schemas</h2>
${Object.entries(createSchemas()).map(([name, schema]) => renderSchema(name, schema))}
    </main>`,
  });
}

function renderLink({ id, method, path, summary }: Operation): Html {
  return html`
          <li><a href="docs#${id}"><code>${method.toUpperCase()} ${path}</code></a> ${summary}</li>`;
}

function renderOperation(operation: Operation): Html {
  const { id, method, path, summary, description, access, parameters = [], body, answers } = operation;
  return html`
      <article id="${id}" class="panel">
        <h3><code>${method.toUpperCase()} ${path}</code></h3>
        <p><strong>${summary}.</strong> ${renderText(description)} ${renderText(KEYS[access])}</p>
        ${parameters.length > 0 ? renderParameters(parameters) : ''}
        ${body ? renderBody(body) : ''}
        ${Object.entries(answers).map(
          ([status, { description: text, schema, mediaType, headers = [], example }]) => html`
        <p>
          Status ${status}: ${renderText(text)} ${schema ? renderSchemaName(schema) : (mediaType ?? '')}
          ${headers.length > 0 ? html`with the headers ${headers.map((name) => html`<code>${name}</code> `)}` : ''}
        </p>
        ${example === undefined ? '' : renderExample(`Example of an answer with status ${status}`, example)}`,
        )}
        ${renderErrors(operation)}
      </article>`;
}

function renderBody({ schema, example, form }: RequestBody): Html {
  const asForm = form ? html`, or as multipart/form-data ${renderSchemaName(form.schema)}` : '';
  return html`<p>Body: ${renderSchemaName(schema)}${asForm}</p>${renderExample('Example of a body', example)}`;
}

function renderErrors(operation: Operation): Html {
  const codes = errorsOf(operation);
  if (codes.length === 0) return html``;
  return html`<details><summary>Errors</summary><p>${codes.map(
    (code) => html`<a href="docs/errors#${code}"><code>${code}</code></a> `,
  )}</p></details>`;
}

function renderExample(title: string, value: unknown): Html {
  return html`<details><summary>${title}</summary><pre tabindex="0">${JSON.stringify(value, null, 2)}</pre></details>`;
}

interface DescribedParameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description: string;
}

function renderParameters(parameters: readonly DescribedParameter[]): Html {
  return html`<div class="table"><table>
          <thead><tr><th>Name</th><th>In</th><th>Meaning</th></tr></thead>
          <tbody>${parameters.map(
            (parameter) => html`
            <tr>
              <th scope="row"><code>${parameter.name}</code></th>
              <td data-label="In">${parameter.in}${parameter.required ? ', required' : ''}</td>
              <td>${renderText(parameter.description)}</td>
            </tr>`,
          )}
          </tbody>
        </table></div>`;
}

function renderWebhook(): Html {
  const { operationId, summary, description, parameters, responses } = describeWebhook();
  return html`
      <article id="${operationId}" class="panel">
        <h3>Webhook: ${summary.toLowerCase()}</h3>
        <p>${renderText(description)} Body: ${renderSchemaName(webhookBodySchema)}</p>
        ${renderParameters(parameters)}
        ${Object.entries(responses).map(([status, answer]) => html`<p>Your answer ${status}: ${answer.description}</p>`)}
      </article>`;
}
