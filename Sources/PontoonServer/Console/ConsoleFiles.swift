import CEmbedded
import Foundation
import NIOCore
import PontoonCore

/// The files of the console, which are embedded in the executable.
///
/// Source: docs/architecture.md#console.
struct ConsoleFiles: Sendable {
    /// A file of the console, with and without compression.
    struct File: Sendable {
        let mediaType: String
        /// The file without compression.
        let plain: Variant
        /// The file compressed with gzip; `nil` if compression fails or does not make it shorter.
        let gzip: Variant?

        init(path: String, text: String) {
            mediaType = ConsoleFiles.mediaType(of: path)
            let content = ByteBuffer(string: text)
            let hash = ContentHash.hex(text).prefix(32)
            plain = Variant(content: content, etag: "\"\(hash)\"")
            gzip = Gzip.compress(content).map { Variant(content: $0, etag: "\"\(hash)-gzip\"") }
        }
    }

    /// The bytes of a file in one encoding.
    struct Variant: Sendable {
        /// The bytes, which all responses share.
        let content: ByteBuffer
        /// The strong entity tag, with quotes; it differs between encodings.
        let etag: String
    }

    /// The embedded files, hashed and compressed on first use.
    static let shared = ConsoleFiles(texts: embedded)

    /// A hash of all files, as 16 hex digits.
    ///
    /// It is part of the URL of every asset, so browsers need not revalidate cached assets.
    let version: String
    /// The page at `/`.
    let console: File
    /// The page of upload links.
    let drop: File
    /// All files except HTML, by path.
    let assets: [String: File]

    private static let placeholder = "{{version}}"

    /// Hashes the files, inserts the version into the pages, and compresses all files.
    ///
    /// - Parameter texts: Contents of the files, by path. In `index.html` and `drop.html`, `{{version}}` is replaced
    ///   with the version. A page that is missing from `texts` is empty.
    init(texts: [String: String]) {
        let all = texts.sorted { $0.key < $1.key }
            .map { "\($0.key.utf8.count) \($0.key) \($0.value.utf8.count) \($0.value)" }
        let version = String(ContentHash.hex(all.joined()).prefix(16))
        func page(_ path: String) -> File {
            File(path: path, text: texts[path, default: ""].replacing(Self.placeholder, with: version))
        }
        self.version = version
        (console, drop) = (page("index.html"), page("drop.html"))
        var assets: [String: File] = [:]
        for (path, text) in texts where !path.hasSuffix(".html") {
            assets[path] = File(path: path, text: text)
        }
        self.assets = assets
    }

    /// The contents of the embedded files, by path.
    static var embedded: [String: String] {
        let table = UnsafeBufferPointer(start: cembedded_console.first, count: cembedded_console.count)
        let texts = table.map { (String(cString: $0.path), String(cString: $0.text)) }
        return Dictionary(texts) { first, _ in first }
    }

    private static func mediaType(of path: String) -> String {
        switch path.split(separator: ".").last {
        case "css": "text/css; charset=utf-8"
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        default: "application/octet-stream"
        }
    }
}
