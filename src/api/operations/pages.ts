import type { UploadLimits } from '../http/upload-limits.js';
import { renderDemoPage } from '../pages/demo-page.js';
import { renderDocumentationPage } from '../pages/documentation-page.js';
import { renderErrorPage } from '../pages/error-page.js';
import { createStaticFile } from '../pages/static-file.js';
import { type Answer, defineOperation, type Operation } from './define-operation.js';
import type { GetOpenApiDependencies } from './get-openapi.js';
import type { GetReceiptKeysDependencies } from './get-receipt-keys.js';

const page = (description: string): Readonly<Record<number, Answer>> => ({
  200: { description, mediaType: 'text/html' },
});

const CLOSED =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The demo shows the compared photos: those that the person chose (blob:), and others wherever they are hosted. */
const DEMO_POLICY = `${CLOSED}; img-src 'self' blob: http: https:`;
const DOCS_POLICY = `${CLOSED}; img-src 'self'`;

export interface PageDependencies extends GetOpenApiDependencies, GetReceiptKeysDependencies {
  readonly uploadLimits: UploadLimits;
  /** URLs of the sample photos on the demo page. */
  readonly demoPhotos: readonly string[];
}

/** The pages for people. Their files are in `../pages`. */
export const pageOperations: readonly Operation<PageDependencies>[] = [
  defineOperation<PageDependencies>({
    method: 'get',
    path: '/',
    id: 'getDemoPage',
    tag: 'Pages',
    summary: 'Try a comparison in the browser',
    description: 'A page with a form for one comparison. It needs no network beyond this service.',
    access: 'open',
    answers: page('The demo page.'),
    errors: [],
    createHandler: ({ uploadLimits, receiptKeys, demoPhotos }) => {
      const html = renderDemoPage({
        uploads: uploadLimits,
        signsReceipts: receiptKeys.length > 0,
        samples: demoPhotos,
      });
      return createStaticFile(html, { kind: 'html', policy: DEMO_POLICY });
    },
  }),
  defineOperation<GetOpenApiDependencies>({
    method: 'get',
    path: '/docs',
    id: 'getApiDocumentation',
    tag: 'Pages',
    summary: 'Read this document as a page',
    description: 'It needs no network beyond this service.',
    access: 'open',
    answers: page('The API documentation.'),
    errors: [],
    createHandler: ({ operations }) =>
      createStaticFile(renderDocumentationPage(operations), { kind: 'html', policy: DOCS_POLICY }),
  }),
  defineOperation({
    method: 'get',
    path: '/docs/errors',
    id: 'getErrorsPage',
    tag: 'Pages',
    summary: 'Look up an error code',
    description: 'A problem’s `type` links to its row on this page.',
    access: 'open',
    answers: page('Every error code.'),
    errors: [],
    createHandler: () => createStaticFile(renderErrorPage(), { kind: 'html', policy: DOCS_POLICY }),
  }),
];
