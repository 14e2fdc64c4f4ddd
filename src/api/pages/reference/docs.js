const dark = matchMedia('(prefers-color-scheme: dark)');
const applyTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', applyTheme);
applyTheme();

const { SwaggerUIBundle } = /** @type {any} */ (window);
SwaggerUIBundle({
  url: 'openapi.json',
  domNode: document.getElementById('reference'),
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  // By default Swagger UI sends the document to a validator on the internet.
  validatorUrl: null,
});
