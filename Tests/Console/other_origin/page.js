// A page of another origin, which uploads with the calls of Pontoon's API.
//
// `options` has the functions that Uppy's plugin AwsS3 takes for multipart uploads, so its users can copy them.
// `upload` calls them in the plugin's order and sends parts as it does, with XMLHttpRequest, four at a time.

const MIB = 1 << 20;

/** A call below `/v2`, whose response must be successful. */
async function call({ origin, token }, method, path, body) {
  const response = await fetch(`${origin}/v2${path}`, {
    method,
    headers: { 'X-SBG-Auth-Token': token, ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) {
    const { code, message } = await response.json();
    throw new Error(`${response.status}/${code}: ${message} (${response.headers.get('X-Request-Id')})`);
  }
  return response.status === 204 ? null : response.json();
}

/** The functions of Uppy's AwsS3 for a server, a token and a project. */
export function options(server) {
  const at = (id, path = '') => `/upload/multipart/${encodeURIComponent(id)}${path}`;
  return {
    shouldUseMultipart: true,
    limit: 4,
    getChunkSize: () => 5 * MIB,
    async createMultipartUpload(file) {
      const upload = await call(server, 'POST', '/upload/multipart', {
        project: server.project, name: file.name, size: file.size, part_size: 5 * MIB,
      });
      return { uploadId: upload.upload_id, key: file.name };
    },
    async signPart(file, { uploadId, partNumber }) {
      const { url, method } = await call(server, 'GET', at(uploadId, `/part/${partNumber}`));
      return { url, method };
    },
    async completeMultipartUpload(file, { uploadId, parts }) {
      const reports = parts.map(({ PartNumber, ETag }) => ({
        part_number: PartNumber, response: { headers: { ETag } },
      }));
      const { id } = await call(server, 'POST', at(uploadId, '/complete'), { parts: reports });
      return { location: `${server.origin}/v2/files/${id}`, id };
    },
    async abortMultipartUpload(file, { uploadId }) {
      await call(server, 'DELETE', at(uploadId));
    },
  };
}

/** Sends a part and returns the headers of the response that the page may read. */
function send({ url, method }, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url, true);
    request.responseType = 'text';
    request.addEventListener('error', () => reject(new Error('the part was not sent')));
    request.addEventListener('load', () => {
      if (request.status !== 200) return reject(new Error(`${request.status}: ${request.response}`));
      const lines = request.getAllResponseHeaders().trim().split(/[\r\n]+/);
      resolve(Object.fromEntries(lines.map((line) => line.split(': ', 2))));
    });
    request.send(body);
  });
}

/** Uploads a file as AwsS3 does; returns the file's id and the ETags of its parts. */
export async function upload(plugin, file) {
  const size = plugin.getChunkSize(file);
  const { uploadId, key } = await plugin.createMultipartUpload(file);
  const numbers = Array.from({ length: Math.ceil(file.size / size) }, (_, index) => index + 1);
  const parts = [];
  const sender = async () => {
    for (let number = numbers.shift(); number; number = numbers.shift()) {
      const signed = await plugin.signPart(file, { uploadId, key, partNumber: number });
      const headers = await send(signed, file.slice((number - 1) * size, number * size));
      if (!headers.etag) throw new Error('the page may not read the ETag');
      parts.push({ PartNumber: number, ETag: headers.etag });
    }
  };
  try {
    await Promise.all(Array.from({ length: plugin.limit }, sender));
  } catch (error) {
    await plugin.abortMultipartUpload(file, { uploadId, key });
    throw error;
  }
  parts.sort((first, second) => first.PartNumber - second.PartNumber);
  return plugin.completeMultipartUpload(file, { uploadId, key, parts });
}

/** Downloads a file and returns its SHA-256 in hex. */
export async function download(server, id) {
  const { url } = await call(server, 'GET', `/files/${id}/download_info`);
  const bytes = await (await fetch(url)).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A file whose bytes depend only on their position. */
export function patternFile(name, size) {
  return new File([Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255)], name);
}

/** What the page may read of a refused call. */
export async function refusal(server, path) {
  const response = await fetch(`${server.origin}/v2${path}`, { headers: { 'X-SBG-Auth-Token': 'wrong' } });
  return { status: response.status, requestID: response.headers.get('X-Request-Id'), ...(await response.json()) };
}
