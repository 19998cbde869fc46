/// The media types of files, which depend on the extensions of their names.
///
/// Types that a browser would execute as part of a page, such as HTML, SVG and JavaScript, are deliberately omitted.
/// Otherwise, anyone with `write` permission could upload a script that a page from the server's origin may load.
package enum MediaType {
    /// Returns the media type for the extension of a name, ignoring case; `application/octet-stream` if the name has no
    /// extension or the extension is not listed.
    package static func named(_ name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return binary }
        return types[name[name.index(after: dot)...].lowercased()] ?? binary
    }

    private static let binary = "application/octet-stream"

    private static let types = [
        "bmp": "image/bmp", "bz2": "application/x-bzip2", "csv": "text/csv", "gif": "image/gif",
        "gz": "application/gzip", "jpeg": "image/jpeg", "jpg": "image/jpeg", "json": "application/json",
        "log": "text/plain", "md": "text/markdown", "mp4": "video/mp4", "pdf": "application/pdf",
        "png": "image/png", "tar": "application/x-tar", "tif": "image/tiff", "tiff": "image/tiff",
        "tsv": "text/tab-separated-values", "txt": "text/plain", "webp": "image/webp", "xz": "application/x-xz",
        "zip": "application/zip", "zst": "application/zstd",
    ]
}
