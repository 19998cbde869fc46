import Foundation
import PontoonCore
import SystemPackage

/// Functions that write small files durably.
enum DurableFile {
    /// Replaces a file atomically and durably; only the owner can read the new file.
    ///
    /// - Throws: `Errno`. The file then has either its old or its new content.
    static func replace(_ path: FilePath, with text: String) throws {
        let draft = FilePath(path.string + ".new")
        let file = try FileDescriptor.open(
            draft,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: .ownerReadWrite
        )
        try file.closeAfter {
            _ = try file.writeAll(text.utf8)
            guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        guard rename(draft.string, path.string) == 0 else { throw Errno(rawValue: errno) }
        try syncDirectory(path.removingLastComponent())
    }

    /// Makes the entries of a directory durable.
    ///
    /// - Throws: `Errno`.
    static func syncDirectory(_ path: FilePath) throws {
        let directory = try FileDescriptor.open(
            path.isEmpty ? "." : path,
            .readOnly,
            options: [.directory, .closeOnExec]
        )
        try directory.closeAfter {
            guard fsync(directory.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
    }
}
