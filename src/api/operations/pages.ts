import { renderErrorPage } from '../pages/error-page.js';
import { DEMO_POLICY, DOCS_POLICY, readPageFile } from '../pages/page-files.js';
import { createStaticFile } from '../pages/static-file.js';
import { type Answer, defineOperation, type Operation } from './define-operation.js';

const page = (description: string): Readonly<Record<number, Answer>> => ({
  200: { description, mediaType: 'text/html' },
});

/** The pages for people. Their files are in `../pages`. */
export const pageOperations: readonly Operation<object>[] = [
  defineOperation({
    method: 'get',
    path: '/',
    id: 'getDemoPage',
    tag: 'Pages',
    summary: 'Try a comparison in the browser',
    access: 'open',
    answers: page('The demo page.'),
    errors: [],
    createHandler: () => readPageFile('demo/index.html', DEMO_POLICY),
  }),
  defineOperation({
    method: 'get',
    path: '/docs',
    id: 'getReferencePage',
    tag: 'Pages',
    summary: 'Read this document as a page',
    access: 'open',
    answers: page('The reference page.'),
    errors: [],
    createHandler: () => readPageFile('reference/docs.html', DOCS_POLICY),
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
