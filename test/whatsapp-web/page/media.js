import { Model } from './model.js';
import { encodeBase64 } from './profile.js';

/** A file's content, as WhatsApp Web hands it around. */
class OpaqueData {
  #blob;
  #url;

  static async createFromData(blob, mimetype) {
    const data = new OpaqueData();
    data.#blob = blob instanceof Blob ? blob : new Blob([blob], { type: mimetype });
    return data;
  }
  get size() {
    return this.#blob.size;
  }
  get blob() {
    return this.#blob;
  }
  url() {
    this.#url ??= URL.createObjectURL(this.#blob);
    return this.#url;
  }
  formData() {
    return this.#blob;
  }
  /** Its URL is no longer needed; as nobody shows the file here, it never was. */
  autorelease() {
    if (this.#url) URL.revokeObjectURL(this.#url);
  }
}

/** Tells what kind of file it is, and its hash. */
function prepRawMedia(opaqueData, { asDocument, isPtt, asGif }) {
  return {
    async waitForPrep() {
      const mimetype = opaqueData.blob.type;
      const [family] = mimetype.split('/');
      const playable = ['image', 'video', 'audio'].includes(family) && !asDocument;
      const type = isPtt && family === 'audio' ? 'ptt' : playable ? family : 'document';
      const hash = await crypto.subtle.digest('SHA-256', await opaqueData.blob.arrayBuffer());
      return new Model({
        type,
        isGif: Boolean(asGif),
        mimetype,
        filename: opaqueData.blob.name,
        size: opaqueData.size,
        filehash: encodeBase64(new Uint8Array(hash)),
        mediaBlob: opaqueData,
        mediaStage: 'RESOLVED',
        preview: undefined,
      });
    },
  };
}

const mediaObjects = new Map();

/** What is known of the file with this hash, in however many messages it is. */
function getOrCreateMediaObject(filehash) {
  if (mediaObjects.has(filehash)) return mediaObjects.get(filehash);
  const created = {
    filehash,
    contentInfo: {},
    consolidate: ({ type, size, mediaBlob }) => Object.assign(created, { type, size, mediaBlob }),
  };
  mediaObjects.set(filehash, created);
  return created;
}

/** Puts a file where a message can name it. The stand-in keeps it as it is: the site itself is the only reader. */
function createUploadMedia(profile) {
  return async ({ mimetype, mediaObject }) => {
    const answer = await fetch('/media', {
      method: 'POST',
      headers: { authorization: `Bearer ${profile.login?.token}`, 'content-type': mimetype },
      body: mediaObject.mediaBlob.blob,
    });
    if (!answer.ok) throw new Error(`upload failed: ${answer.status}`);
    const { directPath } = await answer.json();
    mediaObjects.delete(mediaObject.filehash); // Its content need not stay in memory.
    const now = Math.floor(Date.now() / 1000);
    const url = `https://${location.host}${directPath}`;
    const key = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
    const named = { mmsUrl: url, deprecatedMms3Url: url, directPath, uploadHash: mediaObject.filehash };
    return { mediaEntry: { ...named, mediaKey: key, mediaKeyTimestamp: now, encFilehash: mediaObject.filehash } };
  };
}

/** Loads a file; rejects with the status where the site has it no longer. */
async function downloadAndMaybeDecrypt({ directPath, signal }) {
  const answer = await fetch(directPath, { signal });
  if (!answer.ok) throw Object.assign(new Error(`download failed: ${answer.status}`), { status: answer.status });
  return answer.arrayBuffer();
}

/** The modules of WhatsApp Web that whatsapp-web.js sends and downloads files with. */
export function mediaModules(profile) {
  return {
    WAWebMediaOpaqueData: OpaqueData,
    WAWebPrepRawMedia: { prepRawMedia },
    WAWebMediaStorage: { getOrCreateMediaObject },
    WAWebMmsMediaTypes: { msgToMediaType: ({ type }) => type, castToV4: (type) => type },
    WAWebMediaDataUtils: { shouldUseMediaCache: () => false },
    WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache: { put() {} } },
    WAWebMediaMmsV4Upload: { uploadMedia: createUploadMedia(profile) },
    WAWebDownloadManager: { downloadManager: { downloadAndMaybeDecrypt } },
  };
}
