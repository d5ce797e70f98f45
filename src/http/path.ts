/** The path of a request's target, undecoded and without its query. */
export function pathOf({ url = "" }: { readonly url?: string | undefined }): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}
