/** Separates the parts of the forms that tests send. */
export const BOUNDARY = 'part-of-a-test';
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

export interface FormPart {
  readonly name?: string;
  readonly fileName?: string;
  readonly type?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
  readonly body: string | Uint8Array;
}

/** Returns the bytes of a multipart/form-data body with these parts. */
export function multipart(parts: readonly FormPart[]): Buffer {
  return Buffer.concat([...parts.map(encodePart), Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Returns one part with the boundary before it. */
export function encodePart({ name, fileName, type, headers = [], body }: FormPart): Buffer {
  const disposition = [
    'form-data',
    ...(name === undefined ? [] : [`name="${name}"`]),
    ...(fileName === undefined ? [] : [`filename="${fileName}"`]),
  ].join('; ');
  const lines = [
    `--${BOUNDARY}`,
    `Content-Disposition: ${disposition}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...headers,
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(body), Buffer.from('\r\n')]);
}

/** Returns a part with a photo, as browsers and curl send it. */
export function photoPart(name: string, body: string | Uint8Array): FormPart {
  return { name, fileName: `${name}.jpg`, type: 'image/jpeg', body };
}

/** Returns a part with a text. */
export function textPart(name: string, body: string): FormPart {
  return { name, body };
}
