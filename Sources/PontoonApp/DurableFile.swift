import Foundation
import PontoonCore
import SystemPackage

/// Functions that write small files durably.
enum DurableFile {
    /// Creates or replaces a file atomically and durably; only the owner can read the new file.
    ///
    /// Must not be called concurrently for the same file.
    ///
    /// - Throws: `Errno`. An existing file then has either its old or its new content.
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

    /// Syncs a directory, so that files created, renamed or removed in it stay so after a power cut.
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
