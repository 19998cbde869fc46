package import NIOCore

/// An entry of a tar archive, without its content.
package struct TarEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file
        case folder
        /// An entry of a type that a project cannot contain; the text names the type, such as "a symbolic link".
        case unsupported(String)
    }

    package let kind: Kind
    /// The path as stored in the archive, usually in UTF-8; may contain any bytes except U+0000.
    package let path: [UInt8]
    /// Length of the content in bytes, 0 or more; 0 unless the entry is a file.
    package let size: Int64
    /// The record `PONTOON.checksum`, CRC-64/NVME of the content in Base64, not validated; `nil` if there is none.
    package let checksum: String?
    /// The record `PONTOON.labels`, a JSON object, not validated; `nil` if there is none.
    package let labels: String?

    /// Maximum length in bytes of an invalid path in ``displayPath``.
    private static let maximumInvalidPath = 255

    /// The path as text, without trailing slashes; invalid UTF-8 is replaced with U+FFFD.
    ///
    /// A path that is not a valid ``ArchivePath`` is truncated to 255 bytes at a character boundary, because each
    /// control character takes six bytes in a response.
    package var displayPath: String {
        let trimmed = path.prefix((path.lastIndex { $0 != UInt8(ascii: "/") } ?? -1) + 1)
        let isWhole = trimmed.count <= Self.maximumInvalidPath || (try? ArchivePath(self)) != nil
        return String(decoding: isWhole ? trimmed : Self.truncated(trimmed), as: UTF8.self)
    }

    private static func truncated(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let next = path.dropFirst(maximumInvalidPath).first ?? 0
        let start = path.prefix(maximumInvalidPath)
        // A UTF-8 character has at most three continuation bytes.
        guard isContinuation(next), let first = start.suffix(3).lastIndex(where: { !isContinuation($0) }) else {
            return start
        }
        return start[..<first]
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}

/// An event that a ``TarReader`` returns.
package enum TarEvent: Hashable, Sendable {
    case entry(TarEntry)
    /// The next bytes of the content of a file, at least one.
    case content(ByteBuffer)
    /// The end of a file's content, including an empty file's.
    case endOfFile
}

/// The error thrown for bytes that are not a valid tar archive.
///
/// No further entry can be read, because its position is unknown.
package struct TarError: Error, Hashable, Sendable {
    /// A sentence for the caller.
    package let message: String

    init(_ message: String) { self.message = message }
}
