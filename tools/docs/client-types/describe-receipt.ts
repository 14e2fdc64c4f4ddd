import { z } from 'zod';
import { receiptImageSchema, receiptSchema } from '../../../src/shared/contract/receipt.js';

/** Returns the schemas of a receipt's content. Receipts travel as text, so the OpenAPI document does not describe it. */
export function describeReceipt(): Readonly<Record<string, unknown>> {
  const image = z.toJSONSchema(receiptImageSchema);
  const receipt = z.toJSONSchema(receiptSchema, {
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema !== receiptImageSchema) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      jsonSchema.$ref = '#/components/schemas/ReceiptImage';
    },
  });
  return { ReceiptImage: image, Receipt: receipt };
}
