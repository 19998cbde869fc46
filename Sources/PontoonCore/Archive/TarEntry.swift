package import NIOCore

/// An entry of a tar archive, without its content.
package struct TarEntry: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file
        case folder
        /// An entry that has no counterpart in a project; the text names its type, such as "a symbolic link".
        case unsupported(String)
    }

    package let kind: Kind
    /// The path as it is in the archive: any bytes but U+0000, usually UTF-8.
    package let path: [UInt8]
    /// Length of the content in bytes, 0 or more; 0 unless the entry is a file.
    package let size: Int64
    /// The record `PONTOON.checksum`: CRC-64/NVME of the content in Base64.
    package let checksum: String?
    /// The record `PONTOON.labels`: a JSON object.
    package let labels: String?

    /// Maximum length of an invalid path in ``displayPath`` in bytes.
    private static let maximumInvalidPath = 255

    /// The path as text without slashes at its end; invalid UTF-8 is replaced with U+FFFD.
    ///
    /// A path that no entry may have is truncated to 255 bytes at a character boundary, because control characters
    /// take six bytes each in a response.
    package var displayPath: String {
        let trimmed = path.prefix((path.lastIndex { $0 != UInt8(ascii: "/") } ?? -1) + 1)
        let isWhole = trimmed.count <= Self.maximumInvalidPath || (try? ArchivePath(self)) != nil
        return String(decoding: isWhole ? trimmed : Self.truncated(trimmed), as: UTF8.self)
    }

    private static func truncated(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let next = path.dropFirst(maximumInvalidPath).first ?? 0
        let start = path.prefix(maximumInvalidPath)
        // A character of UTF-8 has at most three continuation bytes.
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
    /// The end of a file whose content is complete.
    case endOfFile
}

/// The error thrown for bytes that are not a valid tar archive.
///
/// No further entry can be read, because it is unknown where it begins.
package struct TarError: Error, Hashable, Sendable {
    /// A sentence for the caller.
    package let message: String

    init(_ message: String) { self.message = message }
}
