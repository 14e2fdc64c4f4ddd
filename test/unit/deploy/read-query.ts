import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL query asks for. */
export interface QueryParts {
  /** Each selector with the labels that it matches. */
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels by which it groups or joins. */
  readonly groupings: readonly string[];
}

/** Returns the parts of a query of an alert or a panel. @throws Error if it is not PromQL. */
export function readQuery(query: string): QueryParts {
  const text = query.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[] = [];
  let isGrouping = false;
  parser.parse(text).iterate({
    enter: ({ type, name, from, to }) => {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${query}`);
      const word = text.slice(from, to);
      if (name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      const selector = selectors.at(-1);
      if (name === 'GroupingLabels') isGrouping = true;
      else if (name === 'Identifier' && selector) selector.metric = word;
      else if (name === 'LabelName' && isGrouping) groupings.push(word);
      else if (name === 'LabelName') selector?.labels.push(word);
    },
    leave: ({ name }) => {
      if (name === 'GroupingLabels') isGrouping = false;
    },
  });
  return { selectors, groupings };
}
