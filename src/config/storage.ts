/** What LanceDB is told beside the URI of its tables. */
export interface StorageConfig {
  /** By the names of its object store. */
  readonly options: Readonly<Record<string, string>>;
  /** Of `db://`. */
  readonly apiKey?: string;
}

const DEFAULT_REGION = "us-east-1"; // what endpoints that are not Amazon's go by

/**
 * The options of `s3://`, from the variables that other programs read too. `gs://` and `az://` have theirs
 * (`GOOGLE_*`, `AZURE_*`), which LanceDB looks up itself.
 */
export function storageOf(
  uri: string,
  { AWS_ENDPOINT_URL, AWS_ENDPOINT, AWS_REGION, AWS_DEFAULT_REGION, ...rest }: NodeJS.ProcessEnv,
): StorageConfig | undefined {
  if (uri.startsWith("db://"))
    return { options: {}, ...(rest.LANCEDB_API_KEY && { apiKey: rest.LANCEDB_API_KEY }) };
  if (!uri.startsWith("s3://")) return undefined;
  const endpoint = (AWS_ENDPOINT_URL || AWS_ENDPOINT)?.replace(/\/+$/, "");
  const wanted: Record<string, string | undefined> = {
    aws_endpoint: endpoint,
    allow_http: rest.AWS_ALLOW_HTTP || (endpoint?.startsWith("http://") ? "true" : undefined),
    aws_region: AWS_REGION || AWS_DEFAULT_REGION || (endpoint && DEFAULT_REGION),
    aws_access_key_id: rest.AWS_ACCESS_KEY_ID,
    aws_secret_access_key: rest.AWS_SECRET_ACCESS_KEY,
    aws_session_token: rest.AWS_SESSION_TOKEN,
  };
  const set = Object.entries(wanted).filter((entry): entry is [string, string] => !!entry[1]);
  return { options: Object.fromEntries(set) };
}
