import Foundation
import SystemPackage

/// The refusal to write to a file that somebody else has put at the path of one of the client's own files.
struct ForeignFile: LocalizedError, CustomStringConvertible {
    let description = "it is a link or a special file, so writing to it could damage another file"
    var errorDescription: String? { description }
}

extension FileDescriptor {
    /// Opens or creates a file in which the client keeps its own data, such as a journal.
    ///
    /// Others may be able to create files in the same folder. Links are therefore not followed, a file with further
    /// names (hard links) is refused, and the call does not wait for the other end of a named pipe.
    ///
    /// - Parameters:
    ///   - path: Path of the file.
    ///   - mode: Access mode.
    ///   - options: Options in addition to those that creation and safety require.
    ///   - permissions: Permissions of a new file.
    /// - Returns: The open file.
    /// - Throws: ``ForeignFile`` unless the path has no file, or a regular file with a single name; any `Errno`.
    static func openOwn(
        _ path: FilePath,
        _ mode: AccessMode,
        options: OpenOptions = [],
        permissions: FilePermissions = .ownerReadWrite
    ) throws -> FileDescriptor {
        let descriptor: FileDescriptor
        do {
            descriptor = try open(
                path,
                mode,
                options: options.union([.create, .closeOnExec, .noFollow, .nonBlocking]),
                permissions: permissions
            )
        } catch Errno.tooManySymbolicLinkLevels {
            throw ForeignFile()
        }
        do {
            let status = try FileStatus(descriptor)
            guard status.kind == .file, status.links <= 1 else { throw ForeignFile() }
            return descriptor
        } catch {
            try descriptor.close()
            throw error
        }
    }
}
