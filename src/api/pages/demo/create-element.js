const SVG = 'http://www.w3.org/2000/svg';

/**
 * Returns a new element. Text becomes text nodes, so no outside input is ever parsed as markup.
 * @param {string} name
 * @param {Record<string, string | number | boolean | undefined>} [attributes] - true: no value; false or undefined: omitted
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function createElement(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/**
 * Returns a new SVG element.
 * @param {string} name
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {Node[]} children
 * @returns {SVGElement}
 */
export function createSvg(name, attributes = {}, ...children) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, string | number | boolean | undefined>} attributes
 */
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
}
