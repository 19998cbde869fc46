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

    /// The path as text without slashes at its end; invalid UTF-8 is replaced with U+FFFD.
    ///
    /// Truncated to ``ArchivePath/maximumLength`` bytes; a longer path is refused.
    package var displayPath: String {
        let path = path.prefix((path.lastIndex { $0 != UInt8(ascii: "/") } ?? -1) + 1)
        return String(decoding: path.prefix(ArchivePath.maximumLength), as: UTF8.self)
    }
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
